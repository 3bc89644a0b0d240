import type { MessagesRequest } from './messages-request.ts'

/** Every `anthropic-version` there is: https://platform.claude.com/docs/en/api/versioning */
export const API_VERSIONS = ['2023-01-01', '2023-06-01', '2026-10-21']

/** What the API took before version 2026-10-21 and refuses since. The complaint as text, or null. */
export function checkVersion(request: MessagesRequest, version: string): string | null {
  if (version < '2026-10-21') return null
  const removed = (['temperature', 'top_p', 'top_k'] as const).find((name) => request[name] !== undefined)
  if (removed !== undefined) return `${removed}: Extra inputs are not permitted`
  for (const [i, { role, content }] of request.messages.entries()) {
    if (typeof content === 'string') continue
    const at = content.findIndex((block) =>
      role === 'assistant'
        ? block.type === 'document'
        : block.type === 'text' && block.citations != null && block.citations.length > 0,
    )
    if (at < 0) continue
    return role === 'assistant'
      ? `messages.${i}.content.${at}: \`document\` blocks are not permitted in assistant messages`
      : `messages.${i}.content.${at}.text.citations: must be empty in user messages`
  }
  return null
}
