import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { NO_USAGE, type Usage } from '@switchyard/contract/usage'
import { describe, expect, it } from 'vitest'
import { billAttempt, estimateCost } from './bill-attempt.ts'

const { deployments } = catalogFrom(`
providers:
  local: { kind: openai, baseUrl: "http://127.0.0.1/v1", apiKey: none }
classes:
  fast: {}
deployments:
  priced: { provider: local, class: fast, model: a, price: { inputPerMTok: 1, cachedInputPerMTok: 0.1, outputPerMTok: 10 } }
  unpriced: { provider: local, class: fast, model: nobody-knows-it }
models:
  a: { route: [priced, unpriced] }
`)
const [priced, unpriced] = [deployments.get('priced')!, deployments.get('unpriced')!]

const USAGE: Usage = { ...NO_USAGE, inputTokens: 1_000, cachedInputTokens: 400, outputTokens: 50, reasoningTokens: 20 }
const CALL = { usage: null, completed: true, contentChars: 0, inputTokens: 200, atMs: Date.now() }

describe('billAttempt', () => {
  it.each([true, false])("takes the provider's word (completed: %s)", (completed) => {
    expect(billAttempt(priced, { ...CALL, completed, usage: USAGE, contentChars: 9_999 })).toEqual({
      usage: USAGE,
      usageSource: 'provider',
      // 600 × 1 + 400 × 0.1 + 50 × 10 micro-dollars
      costNanoUsd: 1_140_000,
      cacheSavedNanoUsd: 360_000,
      priceId: expect.stringContaining('priced'),
    })
  })

  it('says nothing of a cache that had no part in it', () => {
    const plain = { ...USAGE, cachedInputTokens: 0 }
    expect(billAttempt(priced, { ...CALL, usage: plain })).not.toHaveProperty('cacheSavedNanoUsd')
    expect(billAttempt(unpriced, { ...CALL, usage: USAGE })).not.toHaveProperty('cacheSavedNanoUsd')
  })

  it('charges nothing for a call that failed before it showed anything', () => {
    const nothing = { usage: NO_USAGE, usageSource: 'none', costNanoUsd: 0, priceId: null }
    for (const deployment of [priced, unpriced]) {
      expect(billAttempt(deployment, { ...CALL, completed: false })).toEqual(nothing)
    }
  })

  it('estimates an answer that broke off, and says so', () => {
    const bill = billAttempt(priced, { ...CALL, completed: false, contentChars: 181 })
    expect(bill).toMatchObject({
      usage: { inputTokens: 200, outputTokens: 2 },
      usageSource: 'estimate',
      costNanoUsd: 220_000,
    })
  })

  it('estimates a whole answer whose usage was not told', () => {
    expect(billAttempt(priced, { ...CALL, contentChars: 1_800 })).toMatchObject({
      usage: { inputTokens: 200, outputTokens: 10 },
      usageSource: 'estimate',
      costNanoUsd: 300_000,
    })
    expect(billAttempt(priced, CALL)).toMatchObject({
      usage: { inputTokens: 200, outputTokens: 0 },
      costNanoUsd: 200_000,
    })
  })

  it('takes a better count of the output, also of a call that showed nothing', () => {
    const call = { ...CALL, completed: false, outputTokens: 0 }
    expect(billAttempt(priced, call)).toMatchObject({ usageSource: 'estimate', costNanoUsd: 200_000 })
    expect(billAttempt(priced, { ...call, contentChars: 9_999, outputTokens: 3 })).toMatchObject({
      costNanoUsd: 230_000,
    })
    expect(billAttempt(priced, { ...call, usage: USAGE })).toMatchObject({ usageSource: 'provider' })
  })

  it('calls a model without a price unpriced, never free', () => {
    for (const call of [
      { ...CALL, usage: USAGE },
      { ...CALL, contentChars: 1_800 },
    ]) {
      expect(billAttempt(unpriced, call)).toMatchObject({ costNanoUsd: null, priceId: null })
    }
  })
})

describe('estimateCost', () => {
  it('prices a guess, where there is a price', () => {
    expect(estimateCost(priced, { inputTokens: 100, outputTokens: 10 })).toBe(200_000)
    expect(estimateCost(unpriced, { inputTokens: 100, outputTokens: 10 })).toBeNull()
  })
})
