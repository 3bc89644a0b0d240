import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Deployment } from './catalog.ts'
import { catalogFrom, THREE_PROVIDERS } from './catalog-fixture.ts'
import type { Expectation } from './expect-call.ts'
import { qualityOf, type ScoringPolicy, scoreDeployments } from './score-deployments.ts'

const { deployments } = catalogFrom(THREE_PROVIDERS)
const any = deployments.get('opus')!
const rated = (scores: Record<string, number>): Deployment => ({ ...any, scores })
const NO_TERMS = { task: null, leftMs: null }

const expectation = fc.record({
  totalMs: fc.integer({ min: 1, max: 300_000 }),
  costNanoUsd: fc.option(fc.integer({ min: 0, max: 1_000_000_000 })),
  failureOdds: fc.double({ min: 0, max: 1, noNaN: true }),
  quality: fc.double({ min: 0, max: 1, noNaN: true }),
})
const candidates = fc.array(expectation, { minLength: 1, maxLength: 6 })
const policy = fc.constantFrom<ScoringPolicy>('cost', 'latency', 'quality', 'balanced')

type Drawn = { totalMs: number; costNanoUsd: number | null; failureOdds: number; quality: number }

const scored = ({ totalMs, costNanoUsd, failureOdds, quality }: Drawn) => {
  const expected: Expectation = { waitMs: 0, ttftMs: null, totalMs, slowMs: totalMs, costNanoUsd, failureOdds }
  return { deployment: rated({ general: quality }), expected }
}
const scores = (drawn: Drawn[], by: ScoringPolicy, terms: { task: string | null; leftMs: number | null } = NO_TERMS) =>
  scoreDeployments(drawn.map(scored), by, terms)

test('a score is from 0 to 1, and the order of the candidates is no matter', () => {
  fc.assert(
    fc.property(candidates, policy, fc.option(fc.integer({ min: -10, max: 100_000 })), (drawn, by, leftMs) => {
      const forward = scores(drawn, by, { task: null, leftMs })
      for (const score of forward) expect(score >= 0 && score <= 1).toBe(true)
      expect(scores(drawn.toReversed(), by, { task: null, leftMs }).toReversed()).toEqual(forward)
    }),
  )
})

test('who becomes worse in one thing does not gain on the others by it', () => {
  const worse = fc.constantFrom<(one: Drawn) => Drawn>(
    (one) => ({ ...one, totalMs: one.totalMs * 2 }),
    (one) => ({ ...one, costNanoUsd: (one.costNanoUsd ?? 5) * 2 }),
    (one) => ({ ...one, failureOdds: (1 + one.failureOdds) / 2 }),
    (one) => ({ ...one, quality: one.quality / 2 }),
  )
  const known = candidates.filter((drawn) => drawn.length > 1 && drawn.every(({ costNanoUsd }) => costNanoUsd !== null))
  fc.assert(
    fc.property(known, policy, worse, ([first, ...rest], by, spoil) => {
      const share = ([own, ...others]: number[]) => own! / Math.max(1e-300, ...others)
      const before = share(scores([first!, ...rest], by))
      expect(share(scores([spoil(first!), ...rest], by))).toBeLessThanOrEqual(before * (1 + 1e-9))
    }),
  )
})

test('lateness costs, the more the later', () => {
  const one: Drawn = { totalMs: 10_000, costNanoUsd: 1, failureOdds: 0, quality: 1 }
  const at = (leftMs: number) => scores([one], 'quality', { task: null, leftMs })[0]!
  expect([at(20_000), at(10_000)]).toEqual([1, 1])
  expect(at(5_000)).toBeCloseTo(1 / 8)
  expect(at(0)).toBe(0)
  expect(at(-5)).toBe(0)
})

test.each([
  ['its score for the task', { code: 0.7, general: 0.2 }, 'code', 0.7],
  ['else in general', { code: 0.7, general: 0.2 }, 'poems', 0.2],
  ['else over all tasks', { code: 0.7, terminal: 0.5 }, 'poems', 0.6],
  ['else nothing', {}, 'code', null],
])('quality is %s', (_name, given, task, expected) => {
  const quality = qualityOf(rated(given), task)
  if (expected === null) expect(quality).toBeNull()
  else expect(quality).toBeCloseTo(expected)
})
