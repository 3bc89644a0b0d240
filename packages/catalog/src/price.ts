import type { Usage } from '@switchyard/contract/usage'
import type { Deployment } from './catalog.ts'
import { PRICE_TABLE_VERSION, type Rates, tableRates } from './price-table.ts'

/** `cacheSavedNanoUsd`: how much more it would have cost without the provider's prompt cache; less than 0 where writes cost more than reads saved. */
export type Cost = { costNanoUsd: number; cacheSavedNanoUsd: number; priceId: string } | { unpriced: true }

/**
 * What a usage costs at a moment, in whole nano-dollars (1e-9 USD), with the id of the price: `genai-prices:<version>:<provider>/<model>`
 * for the bundled table, `catalog:<revision>:<deployment>` for the operator's own. A deployment without a price is `unpriced`, never free.
 */
export function priceUsage(deployment: Deployment, usage: Usage, atMs: number): Cost {
  const price = deployment.price
  if (price === null) return { unpriced: true }
  if (price.source === 'catalog') return { ...costOf(price, usage), priceId: price.id }

  const rates = tableRates(price.provider, deployment.model, usage.inputTokens, atMs)
  if (rates === null || (rates.outputPerMTok === null && usage.outputTokens > 0)) return { unpriced: true }
  return {
    ...costOf(rates, usage),
    priceId: `genai-prices:${PRICE_TABLE_VERSION}:${price.provider}/${price.entry}`,
  }
}

/**
 * Exact: rates become whole pico-dollars per token (a price list has at most six decimals), the sum is an integer, and only the
 * last step rounds, half up. Counts that contradict each other (more cached tokens than input) are cut to fit.
 */
function costOf(rates: Rates, usage: Usage): { costNanoUsd: number; cacheSavedNanoUsd: number } {
  const input = count(usage.inputTokens)
  const cached = least(count(usage.cachedInputTokens), input)
  const written = least(count(usage.cacheWriteTokens), input - cached)
  const long = least(count(usage.cacheWriteLongTokens ?? 0), written)
  const plain = picoPerToken(rates.inputPerMTok)
  const output = count(usage.outputTokens) * picoPerToken(rates.outputPerMTok ?? 0)
  const pico =
    (input - cached - written) * plain +
    cached * picoPerToken(rates.cachedInputPerMTok) +
    (written - long) * picoPerToken(rates.cacheWritePerMTok) +
    long * picoPerToken(rates.cacheWriteLongPerMTok) +
    output
  const costNanoUsd = nano(pico)
  return { costNanoUsd, cacheSavedNanoUsd: nano(input * plain + output) - costNanoUsd }
}

function nano(pico: bigint): number {
  return Number((pico + 500n) / 1000n)
}

/** 1 USD per million tokens is 1e-6 USD, or 1e6 pico-dollars, for each token. */
function picoPerToken(usdPerMTok: number): bigint {
  return BigInt(Math.round(usdPerMTok * 1e6))
}

function count(tokens: number): bigint {
  return Number.isFinite(tokens) && tokens > 0 ? BigInt(Math.round(tokens)) : 0n
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
