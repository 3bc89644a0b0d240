import { isEarlyClaude } from './is-early-claude.ts'
import type { ProviderKind } from './provider-kind.ts'

/**
 * Can this model go on from a text that is given as the beginning of its answer (`on_break: continue`)? OpenAI-compatible
 * servers differ too much to promise it. Without a model: is there any of this kind that can?
 */
export function supportsPrefill(kind: ProviderKind, model?: string): boolean {
  return kind === 'anthropic' && (model === undefined || isEarlyClaude(model))
}
