import type { ObservedFleet } from '@switchyard/contract/observed'
import { expect, describe as suite, test } from 'vitest'
import type { Breaker } from './breaker.ts'
import { describe } from './describe.ts'
import { bucketOf, HALF_LIFE_MS, type Sketch } from './sketch.ts'

const NOW = 1_790_000_000_000

const CLOSED: Breaker = {
  open: false,
  ok: 0,
  bad: 0,
  atMs: NOW,
  streak: 0,
  revision: 0,
  lengthMs: 0,
  changedAtMs: 0,
  openings: 0,
  sinceMs: 0,
  untilMs: 0,
  probeUntilMs: 0,
  nextProbeMs: 0,
  need: 1,
  got: 0,
}
const OPEN: Breaker = { ...CLOSED, open: true, untilMs: NOW + 5_000, cause: 'server', sinceMs: NOW - 1_000 }

function seen(ttfts: number[], also: Partial<Sketch> = {}): Sketch {
  const ttft: Sketch['ttft'] = {}
  for (const ms of ttfts) ttft[bucketOf(ms)] = (ttft[bucketOf(ms)] ?? 0) + 1
  return { atMs: NOW, calls: ttfts.length, failed: 0, tokens: 0, tokensMs: 0, ttft, ...also }
}

suite('what is known of a deployment', () => {
  test('nothing of one that nobody has called', () => {
    const fleet: ObservedFleet = (deployment) => (deployment === 'gpt' ? describe([CLOSED], undefined, NOW) : undefined)
    expect(fleet('opus')).toBeUndefined()
    expect(fleet('gpt')).toMatchObject({ breaker: 'closed', reopensAtMs: null, calls: 0, errorRate: null })
  })

  test('of two breakers in its way, the one that lets a call through last', () => {
    const refused: Breaker = { ...OPEN, untilMs: NOW + 30_000, cause: 'credential' }
    expect(describe([OPEN, refused], undefined, NOW)).toMatchObject({
      breaker: 'open',
      reopensAtMs: NOW + 30_000,
      cause: 'credential',
    })
    expect(describe([OPEN, CLOSED], undefined, NOW)).toMatchObject({ breaker: 'open', cause: 'server' })
  })

  test('half-open once its time is up; while a probe is under way it is asked again as late as an opening lasts', () => {
    const due: Breaker = { ...OPEN, untilMs: NOW - 1 }
    expect(describe([due], undefined, NOW)).toMatchObject({ breaker: 'half_open', reopensAtMs: NOW - 1 })
    const taken: Breaker = { ...due, probe: 'job_1.1', probeUntilMs: NOW + 12_000, lengthMs: 5_000 }
    expect(describe([taken], undefined, NOW)).toMatchObject({ breaker: 'half_open', reopensAtMs: NOW + 5_000 })
    const endingSoon = { ...taken, probeUntilMs: NOW + 2_000 }
    expect(describe([endingSoon], undefined, NOW)).toMatchObject({ breaker: 'half_open', reopensAtMs: NOW + 2_000 })
  })

  test('quantiles within five per cent', () => {
    const times = Array.from({ length: 1_000 }, (_, i) => 100 + i)
    const { ttftMs } = describe([], seen(times), NOW)!
    expect(Math.abs(ttftMs!.p50 - 600) / 600).toBeLessThan(0.05)
    expect(Math.abs(ttftMs!.p95 - 1_050) / 1_050).toBeLessThan(0.05)
  })

  test('rates stand on recent calls; too few of them say nothing', () => {
    const sketch = seen([200, 200, 200, 200, 200, 200, 200, 200], { failed: 2, tokens: 4_000, tokensMs: 80_000 })
    expect(describe([], sketch, NOW)).toMatchObject({ calls: 8, errorRate: 0.25, tokensPerSecond: 50 })
    expect(describe([], sketch, NOW + HALF_LIFE_MS)).toMatchObject({ calls: 4, errorRate: null, ttftMs: null })
  })
})
