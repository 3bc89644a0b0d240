import { calcPrice } from '@pydantic/genai-prices'
import type { Usage } from '@switchyard/contract/usage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogFrom } from './catalog-fixture.ts'
import { priceUsage } from './price.ts'
import { PRICE_TABLE_VERSION } from './price-table.ts'

const AT = Date.UTC(2026, 10, 23)

const catalog = catalogFrom(`
providers:
  openai: { kind: openai, apiKey: none }
  anthropic: { kind: anthropic, apiKey: none }
  google: { kind: google, apiKey: none }
  slashed: { kind: openai, baseUrl: "https://api.openai.com/v1/", apiKey: none }
  local: { kind: openai, baseUrl: "http://127.0.0.1:11434/v1", apiKey: none }
classes: { c: {} }
deployments:
  opus: { provider: anthropic, class: c, model: claude-opus-4-7 }
  haiku: { provider: anthropic, class: c, model: claude-haiku-4-5-20251001 }
  gpt-pro: { provider: openai, class: c, model: gpt-5.5-pro }
  gpt: { provider: openai, class: c, model: gpt-5.5 }
  gpt-slashed: { provider: slashed, class: c, model: gpt-5.5 }
  gemini: { provider: google, class: c, model: gemini-3.1-pro-preview }
  flash: { provider: google, class: c, model: gemini-3.6-flash }
  embed: { provider: openai, class: c, model: text-embedding-3-small }
  unknown: { provider: openai, class: c, model: gpt-99-imaginary }
  local: { provider: local, class: c, model: gpt-5.5 }
  own: { provider: local, class: c, model: llama, price: { inputPerMTok: 0.1, cachedInputPerMTok: 0.0375, cacheWritePerMTok: 0.2, outputPerMTok: 0.3 } }
  own-short: { provider: openai, class: c, model: gpt-5.5, price: { inputPerMTok: 1, outputPerMTok: 2 } }
  free: { provider: local, class: c, model: llama, price: { inputPerMTok: 0, outputPerMTok: 0 } }
models: { m: { route: [opus] } }
`)

function usage(
  inputTokens: number,
  cachedInputTokens: number,
  cacheWriteTokens: number,
  outputTokens: number,
  reasoningTokens = 0,
): Usage {
  return { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens }
}

function price(name: string, used: Usage, atMs = AT) {
  return priceUsage(catalog.deployments.get(name)!, used, atMs)
}

function nano(name: string, used: Usage, atMs = AT): number | null {
  const cost = price(name, used, atMs)
  return 'unpriced' in cost ? null : cost.costNanoUsd
}

// Worked by hand from the providers' price lists; USD per million tokens is 1,000 nano-dollars for each token.
describe('golden costs', () => {
  test.each([
    // 5 in, 0.50 cached, 6.25 written, 25 out: 700·5,000 + 200·500 + 100·6,250 + 50·25,000
    ['Claude Opus, cached and written', 'opus', usage(1_000, 200, 100, 50), 5_475_000],
    // Reasoning is part of the output: 30 of these 50 cost what the others cost.
    ['Claude Opus, reasoning', 'opus', usage(1_000, 0, 0, 50, 30), 6_250_000],
    // 1 in, 5 out
    ['Claude Haiku by its dated name', 'haiku', usage(10, 0, 0, 10), 60_000],
    // 30 in, 180 out, no price of its own for cached input
    ['GPT pro, cached costs the same', 'gpt-pro', usage(1_000, 400, 0, 10), 31_800_000],
    // 5 in, 0.50 cached, 30 out
    ['GPT, cached and reasoning', 'gpt', usage(1_000, 400, 0, 100, 90), 6_200_000],
    // Above 272 K every token is dearer: 10 in, 45 out
    ['GPT, long prompt', 'gpt', usage(300_000, 0, 0, 10), 3_000_450_000],
    ['GPT, just below the threshold', 'gpt', usage(271_999, 0, 0, 0), 1_359_995_000],
    // 2 in, 0.20 cached, 12 out
    ['Gemini, cached and reasoning', 'gemini', usage(1_000, 500, 0, 100, 60), 2_300_000],
    ['Gemini, long prompt', 'gemini', usage(200_001, 0, 0, 0), 800_004_000],
    // 0.02 in
    ['an embedding', 'embed', usage(1_000, 0, 0, 0), 20_000],
    ['nothing used', 'opus', usage(0, 0, 0, 0), 0],
  ])('%s', (_name, deployment, used, expected) => expect(nano(deployment, used)).toBe(expected))

  test('a price that changes on a date', () => {
    const used = usage(1_000, 0, 0, 0)
    expect(nano('flash', used, Date.UTC(2026, 11, 31))).toBe(750_000)
    expect(nano('flash', used, Date.UTC(2027, 0, 1))).toBe(1_500_000)
  })
})

describe('which price', () => {
  test('the table’s id names version, provider and entry', () => {
    expect(price('haiku', usage(1, 0, 0, 0))).toMatchObject({
      priceId: `genai-prices:${PRICE_TABLE_VERSION}:anthropic/claude-haiku-4-5`,
    })
    expect(PRICE_TABLE_VERSION).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('the operator’s own wins, with the catalog’s revision in its id', () => {
    expect(price('own-short', usage(1_000, 500, 100, 10))).toEqual({
      costNanoUsd: 1_020_000,
      cacheSavedNanoUsd: 0,
      priceId: `catalog:${catalog.revision}:own-short`,
    })
  })

  test('unpriced is not free: an unknown model, and a server that is not OpenAI’s', () => {
    expect(price('unknown', usage(1, 0, 0, 1))).toEqual({ unpriced: true })
    expect(price('local', usage(1, 0, 0, 1))).toEqual({ unpriced: true })
    expect(price('embed', usage(1, 0, 0, 1))).toEqual({ unpriced: true })
    expect(price('free', usage(1_000, 0, 0, 1_000))).toMatchObject({ costNanoUsd: 0 })
  })

  test('OpenAI’s own address written out is OpenAI', () => {
    expect(nano('gpt-slashed', usage(10, 0, 0, 0))).toBe(50_000)
  })
})

describe('what the prompt cache saves', () => {
  const long = (tokens: number, of: Usage): Usage => ({ ...of, cacheWriteLongTokens: tokens })

  test.each([
    // Opus: 5 in, 0.50 read, 6.25 written for minutes, 10 for an hour
    ['a read saves nine tenths', 'opus', usage(10_000, 10_000, 0, 5), 45_000_000],
    ['a write costs a quarter more', 'opus', usage(10_000, 0, 10_000, 5), -12_500_000],
    ['a write for an hour costs as much again', 'opus', long(10_000, usage(10_000, 0, 10_000, 5)), -50_000_000],
    ['both kinds of writes', 'opus', long(4_000, usage(10_000, 0, 10_000, 5)), -27_500_000],
    ['more for an hour than written is cut to fit', 'opus', long(50, usage(10_000, 0, 10, 0)), -50_000],
    ['no cache, nothing saved', 'opus', usage(10_000, 0, 0, 5), 0],
    ['a model whose reads are no cheaper', 'gpt-pro', usage(10_000, 5_000, 0, 5), 0],
    // 0.1 in, 0.2 written, and no word of the hour's price
    ['the operator’s own', 'own', long(10_000, usage(10_000, 0, 10_000, 0)), -1_000_000],
  ])('%s', (_name, deployment, used, expected) =>
    expect(price(deployment, used)).toMatchObject({ cacheSavedNanoUsd: expected }),
  )
})

describe('rounding and bad counts', () => {
  test('half a nano-dollar rounds up, once, on the sum', () => {
    // 0.0375 USD per million is 37.5 nano-dollars a token
    expect(nano('own', usage(1, 1, 0, 0))).toBe(38)
    expect(nano('own', usage(2, 2, 0, 0))).toBe(75)
  })

  test.each([
    ['more cached than sent', usage(10, 50, 0, 0), 10 * 500],
    ['more cached and written than sent', usage(10, 6, 50, 0), 6 * 500 + 4 * 6_250],
    ['negative', usage(-5, -5, -5, -5), 0],
    ['not a number', usage(Number.NaN, 0, 0, Number.POSITIVE_INFINITY), 0],
  ])('%s', (_name, used, expected) => expect(nano('opus', used)).toBe(expected))

  test('properties: an integer, and the library’s own sum within a nano-dollar', () => {
    const tokens = fc.integer({ min: 0, max: 2_000_000 })
    const anyDeployment = fc.constantFrom('opus', 'haiku', 'gpt', 'gpt-pro', 'gemini', 'flash')
    fc.assert(
      fc.property(
        anyDeployment,
        tokens,
        fc.double({ min: 0, max: 1, noNaN: true }),
        tokens,
        (name, input, share, output) => {
          const cached = Math.floor(input * share)
          const written = Math.floor((input - cached) * share)
          const { model, provider } = catalog.deployments.get(name)!
          const theirs = calcPrice(
            { input_tokens: input, cache_read_tokens: cached, cache_write_tokens: written, output_tokens: output },
            model,
            { providerId: provider.kind, timestamp: new Date(AT) },
          )
          const ours = nano(name, usage(input, cached, written, output))!
          expect(Number.isSafeInteger(ours)).toBe(true)
          expect(Math.abs(ours - theirs!.total_price * 1e9)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
