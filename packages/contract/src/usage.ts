/**
 * What one attempt used, in tokens. `inputTokens` counts everything sent, cached reads and cache writes included;
 * `outputTokens` counts everything generated, reasoning included.
 */
export interface Usage {
  inputTokens: number
  cachedInputTokens: number
  cacheWriteTokens: number
  /** Those of `cacheWriteTokens` that are kept for an hour, at a price of their own (Anthropic). Absent: none. */
  cacheWriteLongTokens?: number
  outputTokens: number
  reasoningTokens: number
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
}

export function addUsage(a: Usage, b: Usage): Usage {
  const long = (a.cacheWriteLongTokens ?? 0) + (b.cacheWriteLongTokens ?? 0)
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    ...(long === 0 ? {} : { cacheWriteLongTokens: long }),
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}

/** Where a usage came from: told by the provider, counted by us because the provider's word was lost, or no call was made. */
export type UsageSource = 'provider' | 'estimate' | 'none'
