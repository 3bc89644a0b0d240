import type { LanguageModelV4Usage } from '@ai-sdk/provider'
import type { ChatUsage } from '@switchyard/contract/openai-chat/chunk'
import type { Usage } from '@switchyard/contract/usage'

/** The SDK's figures in our words; null where the provider gave none that count. */
export function usageOf({ inputTokens, outputTokens, raw }: LanguageModelV4Usage): Usage | null {
  const total = inputTokens.total
  const generated = outputTokens.total
  if (!isCount(total) || !isCount(generated)) return null
  return {
    inputTokens: total,
    cachedInputTokens: inputTokens.cacheRead ?? 0,
    cacheWriteTokens: inputTokens.cacheWrite ?? 0,
    ...longWrites(raw),
    outputTokens: generated,
    reasoningTokens: outputTokens.reasoning ?? 0,
  }
}

/** Our figures as a client of `openai-chat` expects them. */
export function chatUsage(usage: Usage): ChatUsage {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens === 0 ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  }
}

/** What Anthropic keeps for an hour, which the SDK hands on as it came. */
export function longWrites(raw: unknown): Pick<Usage, 'cacheWriteLongTokens'> {
  const long = (raw as { cache_creation?: { ephemeral_1h_input_tokens?: number } } | undefined)?.cache_creation
    ?.ephemeral_1h_input_tokens
  return isCount(long) && long > 0 ? { cacheWriteLongTokens: long } : {}
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0
}
