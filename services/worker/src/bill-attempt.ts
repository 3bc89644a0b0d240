import type { Deployment } from '@switchyard/catalog/catalog'
import { priceUsage } from '@switchyard/catalog/price'
import type { Attempt } from '@switchyard/contract/job'
import { NO_USAGE, type Usage } from '@switchyard/contract/usage'

export type Bill = Pick<Attempt, 'usage' | 'usageSource' | 'costNanoUsd' | 'cacheSavedNanoUsd' | 'priceId'>

/** A line of a chat stream is mostly envelope: about this many of its characters are a token's worth. */
const ENVELOPE_CHARS_PER_TOKEN = 180

/**
 * What an attempt cost. The provider's own word wins. Where it is lost, an answer that had begun is estimated and says so; a call
 * that was refused before any content cost nothing.
 */
export function billAttempt(
  deployment: Deployment,
  call: {
    usage: Usage | null
    completed: boolean
    contentChars: number
    inputTokens: number
    /** Where it is known better than by those characters. Such a call is paid for, whatever it showed. */
    outputTokens?: number | undefined
    atMs: number
  },
): Bill {
  if (call.usage) return { usage: call.usage, usageSource: 'provider', ...price(deployment, call.usage, call.atMs) }
  if (!call.completed && call.contentChars === 0 && call.outputTokens === undefined) {
    return { usage: NO_USAGE, usageSource: 'none', costNanoUsd: 0, priceId: null }
  }
  const estimated: Usage = {
    ...NO_USAGE,
    inputTokens: call.inputTokens,
    outputTokens: call.outputTokens ?? Math.ceil(call.contentChars / ENVELOPE_CHARS_PER_TOKEN),
  }
  return { usage: estimated, usageSource: 'estimate', ...price(deployment, estimated, call.atMs) }
}

/** The price of a guess, for the attempt's beginning. */
export function estimateCost(
  deployment: Deployment,
  estimate: { inputTokens: number; outputTokens: number },
): number | null {
  return price(deployment, { ...NO_USAGE, ...estimate }, Date.now()).costNanoUsd
}

function price(
  deployment: Deployment,
  usage: Usage,
  atMs: number,
): Pick<Bill, 'costNanoUsd' | 'cacheSavedNanoUsd' | 'priceId'> {
  const cost = priceUsage(deployment, usage, atMs)
  if ('unpriced' in cost) return { costNanoUsd: null, priceId: null }
  const { cacheSavedNanoUsd, ...paid } = cost
  return usage.cachedInputTokens > 0 || usage.cacheWriteTokens > 0 ? { ...paid, cacheSavedNanoUsd } : paid
}
