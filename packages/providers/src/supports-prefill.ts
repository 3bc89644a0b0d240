import type { ProviderKind } from './provider-kind.ts'

/** Claude up to 4.5; from 4.6 on a conversation may not end with an assistant message (a 400), and so may no unknown model. */
const CLAUDE_WITH_PREFILL = /claude-(?:[0-3](?:[.-]|$)|instant|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:[-@]\d{8}|$))/

/**
 * Can this model go on from a text that is given as the beginning of its answer (`on_break: continue`)? OpenAI-compatible
 * servers differ too much to promise it. Without a model: is there any of this kind that can?
 */
export function supportsPrefill(kind: ProviderKind, model?: string): boolean {
  return kind === 'anthropic' && (model === undefined || CLAUDE_WITH_PREFILL.test(model))
}
