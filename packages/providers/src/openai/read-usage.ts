import type { Usage } from '@switchyard/contract/usage'

/**
 * The `usage` of an OpenAI-compatible answer. Null where it is missing or makes no sense (negative, fractional): then the
 * provider did not say, and the caller estimates. An explicit zero is a zero.
 */
export function readUsage(value: unknown): Usage | null {
  if (!isRecord(value)) return null
  const inputTokens = tokens(value.prompt_tokens)
  const outputTokens = tokens(value.completion_tokens)
  if (inputTokens === null || outputTokens === null) return null
  const prompt = isRecord(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const completion = isRecord(value.completion_tokens_details) ? value.completion_tokens_details : {}
  return {
    inputTokens,
    // DeepSeek counts cache hits beside, not inside, the details.
    cachedInputTokens: Math.min(
      inputTokens,
      tokens(prompt.cached_tokens) ?? tokens(value.prompt_cache_hit_tokens) ?? 0,
    ),
    cacheWriteTokens: Math.min(inputTokens, tokens(prompt.cache_write_tokens) ?? 0),
    outputTokens,
    reasoningTokens: Math.min(outputTokens, tokens(completion.reasoning_tokens) ?? 0),
  }
}

function tokens(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
