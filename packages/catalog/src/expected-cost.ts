import { NO_USAGE } from '@switchyard/contract/usage'
import type { Deployment } from './catalog.ts'
import { priceUsage } from './price.ts'

/** Tokens of a call to be. `cachedTokens` of the input are expected to be read from the provider's cache. */
export interface CallTokens {
  inputTokens: number
  cachedTokens: number
  outputTokens: number
}

/** What a call of this size costs at a moment, in nano-dollars; null: unpriced. */
export function expectedCost(deployment: Deployment, tokens: CallTokens, atMs: number): number | null {
  const { inputTokens, outputTokens, cachedTokens } = tokens
  const usage = { ...NO_USAGE, inputTokens, outputTokens, cachedInputTokens: Math.min(cachedTokens, inputTokens) }
  const cost = priceUsage(deployment, usage, atMs)
  return 'unpriced' in cost ? null : cost.costNanoUsd
}
