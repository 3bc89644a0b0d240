import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import type { Attempt } from '@switchyard/contract/job'
import { describe, expect, it } from 'vitest'
import { allowanceOf, capReached } from './cost-cap.ts'
import { newHold } from './testing/new-hold.ts'
import type { UsableDeployment } from './upstreams.ts'

const { deployments } = catalogFrom(`
providers:
  local: { kind: openai, baseUrl: "http://127.0.0.1/v1", apiKey: none }
classes:
  fast: {}
deployments:
  priced: { provider: local, class: fast, model: a, price: { inputPerMTok: 1, outputPerMTok: 10 } }
  whole: { provider: local, class: fast, model: a, streams: false, price: { inputPerMTok: 1, outputPerMTok: 10 } }
  unpriced: { provider: local, class: fast, model: nobody-knows-it }
models:
  a: { route: [priced] }
`)

function usable(name: string): UsableDeployment {
  const deployment = deployments.get(name)!
  return { deployment, upstream: { streams: deployment.streams } as UsableDeployment['upstream'] }
}

/** 100 tokens of prompt cost 100,000 nano-dollars, a token of answer 10,000. */
function allowance(maxCostNanoUsd: number | undefined, { spent = 0, deployment = 'priced' } = {}) {
  const hold = newHold({ estimate: { inputTokens: 100, outputTokens: 50 }, ...(maxCostNanoUsd && { maxCostNanoUsd }) })
  if (spent > 0) hold.attempts = [{ costNanoUsd: spent } as Attempt, { costNanoUsd: null } as Attempt]
  return { hold, ...allowanceOf(hold, usable(deployment)) }
}

const word = (text: string) => JSON.stringify({ choices: [{ delta: { content: text } }] })

/** How many one-token words the meter lets through, the one that reaches the cap included. */
function wordsOf(given: ReturnType<typeof allowance>): number {
  if (!given.ok || !given.meter) throw new Error('nothing is metered')
  for (let words = 1; words < 1_000; words++) if (given.meter.add(word(' word'))) return words
  throw new Error('no end')
}

describe('the cost cap', () => {
  it('lets as many tokens through as are paid for after the prompt', () => {
    const given = allowance(300_000)
    expect(wordsOf(given)).toBe(20)
    if (!given.ok) throw new Error(given.message)
    expect(given.meter).toMatchObject({ outputTokens: 20, spentNanoUsd: 300_000 })
    expect(capReached(given.hold, given.meter!)).toBe(
      "the answer was stopped at the job's cost cap of 0.0003 USD; the job has cost about 0.0003 USD",
    )
  })

  it('counts what earlier attempts have cost', () => {
    expect(wordsOf(allowance(300_000, { spent: 150_000 }))).toBe(5)
  })

  it('allows no call whose prompt, and a token of an answer, is not paid for any more', () => {
    expect(allowance(100_000)).toMatchObject({ ok: false })
    expect(allowance(300_000, { spent: 195_000 })).toMatchObject({
      ok: false,
      message: "another call would exceed the job's cost cap of 0.0003 USD; it has cost 0.000195 USD",
    })
    expect(wordsOf(allowance(110_000))).toBe(1)
  })

  it.each([
    ['there is no cap', allowance(undefined)],
    ['there is no price', allowance(1, { deployment: 'unpriced' })],
    ['the answer comes in one piece', allowance(300_000, { deployment: 'whole' })],
  ])('meters nothing where %s', (_why, given) => {
    expect(given).toMatchObject({ ok: true, meter: null })
  })
})
