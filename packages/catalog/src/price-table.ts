import { calcPrice, type TieredPrices } from '@pydantic/genai-prices'
import manifest from '../package.json' with { type: 'json' }

// The bundled snapshot: nothing here asks the network for newer prices. Its version is pinned exactly in our package.json.
export const PRICE_TABLE_VERSION: string = manifest.dependencies['@pydantic/genai-prices']

/** USD per million tokens. */
export interface Rates {
  inputPerMTok: number
  cachedInputPerMTok: number
  cacheWritePerMTok: number
  /** Kept for an hour instead of minutes. */
  cacheWriteLongPerMTok: number
  /** null: the model has no price for output (embeddings). */
  outputPerMTok: number | null
}

/** A model in the price table, or null when the table does not know it. `id` names the entry, which may cover several spellings. */
export function tableEntry(provider: string, model: string): { id: string; contextWindow: number | null } | null {
  const found = calcPrice({}, model, { providerId: provider })
  return found === null ? null : { id: found.model.id, contextWindow: found.model.context_window ?? null }
}

/**
 * What a model costs at a moment, for a prompt of this size (some models are dearer above a threshold); null: not priced by
 * tokens, or not in the table.
 */
export function tableRates(provider: string, model: string, inputTokens: number, atMs: number): Rates | null {
  const prices = pricesAt(provider, model, atMs)
  const rate = (key: string): number | null => {
    const price = prices[key]
    if (price === undefined) return null
    return typeof price === 'number' ? price : tier(price, inputTokens)
  }
  const input = rate('input_mtok')
  if (input === null) return null
  return {
    inputPerMTok: input,
    // A model without its own price for cached tokens charges them as any input.
    cachedInputPerMTok: rate('cache_read_mtok') ?? input,
    cacheWritePerMTok: rate('cache_write_mtok') ?? input,
    cacheWriteLongPerMTok: rate('cache_write_1h_mtok') ?? rate('cache_write_mtok') ?? input,
    outputPerMTok: rate('output_mtok'),
  }
}

type Prices = Record<string, number | TieredPrices | undefined>

// Prices change on a date or at a time of day, never within a minute, and looking one up costs 20 µs. Bounded by the models of
// the catalog, whose names are the only ones that come here.
const latest = new Map<string, { minute: number; prices: Prices }>()

function pricesAt(provider: string, model: string, atMs: number): Prices {
  const key = `${provider}/${model}`
  const minute = Math.floor(atMs / 60_000)
  const known = latest.get(key)
  if (known?.minute === minute) return known.prices
  const prices: Prices = calcPrice({}, model, { providerId: provider, timestamp: new Date(atMs) })?.model_price ?? {}
  latest.set(key, { minute, prices })
  return prices
}

/** The highest tier whose start the prompt exceeds; it holds for all tokens of the call. */
function tier(prices: TieredPrices, inputTokens: number): number {
  return prices.tiers.reduce((price, next) => (inputTokens > next.start ? next.price : price), prices.base)
}
