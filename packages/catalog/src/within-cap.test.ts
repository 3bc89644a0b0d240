import { expect, test } from 'vitest'
import { catalogFrom } from './catalog-fixture.ts'
import { withinCap } from './within-cap.ts'

const { deployments } = catalogFrom(`
providers: { a: { kind: openai, baseUrl: "http://a.test/v1", apiKey: none } }
classes: { fast: {} }
deployments:
  writes: { provider: a, class: fast, model: x, maxOutput: 1000, price: { inputPerMTok: 1, cacheWritePerMTok: 2, outputPerMTok: 10 } }
  whole: { provider: a, class: fast, model: x, maxOutput: 1000, streams: false, price: { inputPerMTok: 1, outputPerMTok: 10 } }
  boundless: { provider: a, class: fast, model: x, streams: false, price: { inputPerMTok: 1, outputPerMTok: 10 } }
  unpriced: { provider: a, class: fast, model: x, maxOutput: 1000 }
models: { x: { route: [writes, whole, boundless, unpriced] } }
`)

/** A prompt of 1,000 tokens, 1,600 at worst; `left` in millionths of a dollar. */
function verdict(name: string, left: number, tokens: number | null, choices = 1) {
  const call = { inputTokens: 1_000, answerBound: { tokens, choices } }
  return withinCap(deployments.get(name)!, call, left * 1_000, 0)
}

test.each([
  // The prompt may be written to the cache at twice its price: 3,200 for it, and 1,000 for 100 tokens.
  ['the whole of it fits', 'writes', 4_200, 100, { fits: 'surely', worstNanoUsd: 4_200_000 }],
  ['the prompt fits, the rest can be stopped', 'writes', 4_199, 100, { fits: 'if_stopped' }],
  ['not even the prompt', 'writes', 3_200, 100, { fits: 'no', worstNanoUsd: 3_200_000 }],
  [
    'an answer without a bound ends where the model does',
    'writes',
    13_200,
    null,
    { fits: 'surely', worstNanoUsd: 13_200_000 },
  ],
  ['what comes in one piece must fit', 'whole', 2_599, 100, { fits: 'no', worstNanoUsd: 2_600_000 }],
  ['and nothing bounds what may be of any length', 'boundless', 1e9, null, { fits: 'no', worstNanoUsd: null }],
  ['nor what has no price', 'unpriced', 1e9, 1, { fits: 'no', worstNanoUsd: null }],
] as const)('%s', (_name, deployment, left, tokens, expected) => {
  expect(verdict(deployment, left, tokens)).toEqual(expected)
})

test('several answers cost several times', () => {
  expect(verdict('whole', 5_600, 100, 4)).toEqual({ fits: 'surely', worstNanoUsd: 5_600_000 })
  expect(verdict('whole', 5_600, 100, 5).fits).toBe('no')
})
