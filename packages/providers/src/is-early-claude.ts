const EARLY = /claude-(?:[0-3](?:[.-]|$)|v?2(?:[.:]|$)|instant|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:[-@]\d{8}|$))/

/**
 * Claude up to 4.5. From 4.6 on models think as much as they find fit instead of by a budget in tokens, and refuse a conversation
 * that ends with the assistant's words (https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6). A name
 * that we do not know is a later one.
 */
export function isEarlyClaude(model: string): boolean {
  return EARLY.test(model)
}
