import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startCallRecorder } from './call-recorder.ts'
import { healthKeys } from './keys.ts'
import { claimProbe, judgeProbe } from './probe.ts'
import { reportFailure } from './report-failure.ts'
import { EACH_REDIS, type HealthBundle, openHealth } from './testing/health-bundle.ts'
import { type HealthWatch, startHealthWatch } from './watch.ts'

const POLICY = { failures: 2, openMs: 300 }

describe.each(EACH_REDIS)('the watch on %s', (_name, url) => {
  let health: HealthBundle
  beforeEach(async () => {
    health = await openHealth(url)
  })
  afterEach(() => health.close())

  async function watch(): Promise<HealthWatch> {
    const started = startHealthWatch({
      redis: health.redis,
      subscriber: await health.connect('subscriber'),
      providerOf: (deployment) => (deployment === 'nowhere' ? undefined : 'anthropic'),
      prefix: health.prefix,
    })
    health.stopLater(started)
    await started.ready
    return started
  }

  async function record(calls: number, call: { ok: boolean; ttftMs: number | null }): Promise<void> {
    const recorder = startCallRecorder({ redis: health.redis, onError: () => {}, prefix: health.prefix })
    for (let i = 0; i < calls; i++) {
      recorder.record({ deployment: 'opus', provider: 'anthropic', tokens: 100, tokensMs: 2_000, ...call })
    }
    await recorder.stop()
  }

  const fail = (deployment: string) =>
    reportFailure(health.redis, { scope: `deployment:${deployment}`, cause: 'overloaded', tookMs: 0, ok: 0 }, POLICY, {
      prefix: health.prefix,
    })

  test('shows everybody what happens to a breaker, as it happens', async () => {
    const [here, there] = [await watch(), await watch()]
    expect(here.outUntilMs('opus')).toBeNull()
    expect(here.observed('opus')).toBeUndefined()

    await fail('opus')
    await fail('opus')
    for (const view of [here, there]) {
      await vi.waitFor(() => expect(view.observed('opus')).toMatchObject({ breaker: 'open', cause: 'overloaded' }))
      expect(view.outUntilMs('opus')).toBeGreaterThan(Date.now() - 1_000)
      expect(view.outUntilMs('nowhere')).toBeNull()
      expect(view.openScopes('opus')).toEqual(['deployment:opus'])
    }

    const probe = { token: 'a.1', scopes: here.openScopes('opus'), gapMs: 0 }
    await vi.waitFor(async () =>
      expect(await claimProbe(health.redis, probe, { prefix: health.prefix })).toMatchObject({ ok: true }),
    )
    await vi.waitFor(() => expect(there.outUntilMs('opus')).toBeGreaterThan(Date.now() + 200))
    expect(there.observed('opus')).toMatchObject({ breaker: 'half_open' })

    await judgeProbe(health.redis, probe, true, { prefix: health.prefix })
    await vi.waitFor(() => expect(there.outUntilMs('opus')).toBeNull())
    expect(there.observed('opus')).toMatchObject({ breaker: 'closed', reopensAtMs: null, cause: null })
  })

  test('reads at its start what others found out before, of calls as of breakers', async () => {
    await fail('opus')
    await fail('opus')
    await record(30, { ok: true, ttftMs: 400 })
    await record(10, { ok: false, ttftMs: null })
    const view = await watch()
    const seen = view.observed('opus')!
    expect(seen.breaker).toMatch(/open/)
    expect(seen.errorRate).toBeCloseTo(0.25, 3)
    expect(seen.tokensPerSecond).toBeCloseTo(50, 1)
    expect(seen.calls).toBeCloseTo(40, 0)
    expect(Math.abs(seen.ttftMs!.p95 - 400)).toBeLessThan(20)
  })

  test('successes keep a breaker closed, those that were not told yet as well', async () => {
    await record(30, { ok: true, ttftMs: 400 })
    const recorder = startCallRecorder({ redis: health.redis, onError: () => {}, prefix: health.prefix })
    health.stopLater(recorder)
    recorder.record({ deployment: 'opus', provider: 'anthropic', ok: true, ttftMs: null, tokens: 0, tokensMs: 0 })
    expect(recorder.takeOk('deployment:opus')).toBe(1)
    expect(recorder.takeOk('deployment:opus')).toBe(0)
    const outcomes = []
    for (let i = 0; i < 8; i++) {
      const call = { scope: 'deployment:opus', cause: 'server', tookMs: 0, ok: 1 } as const
      outcomes.push((await reportFailure(health.redis, call, POLICY, { prefix: health.prefix })).became)
    }
    expect(new Set(outcomes)).toEqual(new Set(['noted']))
  })

  test('names that went out of the catalog do not pile up', async () => {
    const [breakers, seen] = healthKeys(health.prefix)
    const old = JSON.stringify({ atMs: 1, calls: 1, failed: 0, tokens: 0, tokensMs: 0, ttft: {} })
    await health.redis.hset(seen, Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`gone-${i}`, old])))
    await record(1, { ok: true, ttftMs: 400 })
    expect(await health.redis.hkeys(seen)).toEqual(['opus'])
    expect(await health.redis.pttl(breakers)).toBeGreaterThan(0)
    expect(await health.redis.pttl(seen)).toBeGreaterThan(0)
  })
})
