import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { newBeginning, newEnding } from '@switchyard/jobs/testing/new-attempt'
import { expect, it } from 'vitest'
import { affordableTo } from './affordable.ts'
import { newHold } from './testing/new-hold.ts'

const catalog = catalogFrom(`
providers: { local: { kind: openai, baseUrl: "http://127.0.0.1/v1", apiKey: none } }
classes: { fast: {} }
deployments:
  dear: { provider: local, class: fast, model: a, price: { inputPerMTok: 10, outputPerMTok: 100 } }
  cheap: { provider: local, class: fast, model: b, price: { inputPerMTok: 1, outputPerMTok: 10 } }
  whole: { provider: local, class: fast, model: c, streams: false, price: { inputPerMTok: 1, outputPerMTok: 10 } }
  unpriced: { provider: local, class: fast, model: d }
models: { a: { route: [dear, cheap, whole, unpriced] } }
`)
const server: AttemptFailure = { class: 'server', message: 'x', status: 500 }
const NAMES = ['dear', 'cheap', 'whole', 'unpriced', 'gone']

/** What is left of a cap of 0.02 USD with a prompt of 1,000 tokens (1,600 at worst) and an answer of at most 100. */
function affords(spentNanoUsd: number, last = { failure: server, begun: true }): string[] {
  const hold = newHold({
    maxCostNanoUsd: 20_000_000,
    answerBound: { tokens: 100, choices: 1 },
    estimate: { inputTokens: 1_000, outputTokens: 100 },
  })
  hold.attempts = [{ ...newBeginning(1, 1), ...newEnding('failed', spentNanoUsd) }]
  return NAMES.filter(affordableTo(hold, catalog, last)!)
}

it('a job without a cap asks whom it will', () => {
  expect(affordableTo(newHold(), catalog, { failure: server, begun: true })).toBeUndefined()
})

it('what was spent is gone; a call that answers in one piece must fit with its whole answer', () => {
  // dear: the prompt costs 16,000,000 at worst; whole: prompt and answer 2,600,000, cheap: the prompt 1,600,000.
  expect(affords(0)).toEqual(['dear', 'cheap', 'whole', 'gone'])
  expect(affords(6_000_000)).toEqual(['cheap', 'whole', 'gone'])
  expect(affords(18_000_000)).toEqual(['cheap', 'gone'])
  expect(affords(19_000_000)).toEqual(['gone'])
})

it('a call that was stopped at the cap was the last; one that was not made for it was not', () => {
  const failure: AttemptFailure = { class: 'cost_limit', message: 'x', status: null }
  expect(affords(0, { failure, begun: true })).toEqual([])
  expect(affords(6_000_000, { failure, begun: false })).toEqual(['cheap', 'whole', 'gone'])
})
