import type { Deployment } from '@switchyard/catalog/catalog'
import { createMetrics } from '@switchyard/telemetry/metric-registry'
import { expect, test } from 'vitest'
import { meanTokens, secondsOfBacklog } from './backlog.ts'

const MEAN = { input: 900, output: 100 }

test.each([
  ['requests', 120, [{ rpm: 60 }], 120],
  ['requests of two deployments', 120, [{ rpm: 60 }, { rpm: 180 }], 30],
  ['tokens', 120, [{ rpm: 6_000, tpm: 60_000 }], 120],
  ['input tokens', 120, [{ itpm: 54_000, otpm: 60_000 }], 120],
  ['output tokens', 120, [{ itpm: 5_400_000, otpm: 6_000 }], 120],
  ['requests of a day', 10, [{ rpm: 60, rpd: 864 }], 1_000],
  ['nothing that waits', 0, [{ rpm: 60 }], 0],
  ['no limit', 120, [{}], null],
  ['places, which are no quota', 120, [{ inFlight: 1 }], null],
  ['one deployment without the limit', 120, [{ rpm: 60 }, { tpm: 60_000 }], null],
  ['no deployment', 120, [], null],
])('the backlog by %s', (_name, jobs, limits, seconds) => {
  expect(secondsOfBacklog(jobs, MEAN, limits)).toBe(seconds)
})

test('is by requests alone as long as nobody knows how many tokens a call takes', () => {
  expect(secondsOfBacklog(120, null, [{ rpm: 60, tpm: 1 }])).toBe(120)
  expect(secondsOfBacklog(120, null, [{ tpm: 1 }])).toBeNull()
})

test('the mean of calls is that of the deployments asked for', () => {
  const metrics = createMetrics()
  const attempts = metrics.counter('switchyard_attempts_total')
  const tokens = metrics.counter('switchyard_tokens_total')
  for (const [deployment, calls] of Object.entries({ opus: 3, sonnet: 1, other: 50 })) {
    attempts.add({ provider: 'anthropic', deployment, status: 'completed', error_class: 'none' }, calls)
    for (const [kind, each] of Object.entries({ input: 70, cache_read: 20, cache_write: 10, output: 6, reasoning: 4 }))
      tokens.add({ provider: 'anthropic', deployment, kind }, calls * each * (deployment === 'other' ? 1_000 : 1))
  }
  const of = (...names: string[]) =>
    meanTokens(
      metrics.snapshot(),
      names.map((name) => ({ name }) as Deployment),
    )
  expect(of('opus', 'sonnet')).toEqual({ input: 100, output: 10 })
  expect(of('never-called')).toBeNull()
  expect(meanTokens({}, [])).toBeNull()
})
