import type { JSONObject, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import { isEarlyClaude } from '../is-early-claude.ts'
import type { ProviderKind } from '../provider-kind.ts'

type Effort = NonNullable<ChatRequest['reasoning_effort']>

export interface ReasoningOptions {
  level: LanguageModelV4CallOptions['reasoning']
  maxOutputTokens: number | undefined
  providerOptions: JSONObject
  dropped: string[]
}

/** Anthropic thinks with no less. */
const MIN_BUDGET = 1_024
/** Share of the output that may be thought, for models that want a budget in tokens. */
const SHARE: Record<Effort, number> = { none: 0, minimal: 0.02, low: 0.1, medium: 0.3, high: 0.6, xhigh: 0.8 }

/**
 * `reasoning_effort` for both kinds. The SDK knows how each model wants it said (effort, level, budget) with one exception:
 * for Claude models with a token budget it adds the budget to the maximum, while the client's maximum includes reasoning
 * (https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_completion_tokens). There we share the client's
 * maximum out ourselves; one too small to think in leaves the effort out, and says so.
 */
export function reasoningOptions(
  kind: ProviderKind,
  model: string,
  effort: Effort | undefined,
  maxOutputTokens: number | undefined,
): ReasoningOptions {
  const plain: ReasoningOptions = { level: effort, maxOutputTokens, providerOptions: {}, dropped: [] }
  if (effort === undefined || effort === 'none') return plain
  // Gemini thinks without showing it unless asked to.
  if (kind === 'google') return { ...plain, providerOptions: { thinkingConfig: { includeThoughts: true } } }
  if (!isEarlyClaude(model) || maxOutputTokens === undefined) return plain

  const budget = Math.max(MIN_BUDGET, Math.floor(maxOutputTokens * SHARE[effort]))
  if (budget >= maxOutputTokens) return { ...plain, level: undefined, dropped: ['reasoning_effort'] }
  return {
    level: undefined,
    maxOutputTokens: maxOutputTokens - budget,
    providerOptions: { thinking: { type: 'enabled', budgetTokens: budget } },
    dropped: [],
  }
}
