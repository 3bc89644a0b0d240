import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Scope, waitsUntilMs } from './breaker.ts'
import { claimProbe, judgeProbe, type Probe, renewProbes } from './probe.ts'
import { type FailedCall, reportFailure } from './report-failure.ts'
import { EACH_REDIS, type HealthBundle, openHealth } from './testing/health-bundle.ts'

const OPUS: Scope = 'deployment:opus'
const POLICY = { failures: 5, openMs: 5_000 }

describe.each(EACH_REDIS)('a breaker on %s', (_name, url) => {
  let health: HealthBundle
  let nowMs: number
  beforeEach(async () => {
    health = await openHealth(url)
    nowMs = 1_790_000_000_000
  })
  afterEach(() => health.close())

  const place = () => ({ prefix: health.prefix, nowMs })
  const fail = (call: Partial<FailedCall> = {}) =>
    reportFailure(health.redis, { scope: OPUS, cause: 'server', tookMs: 10, ok: 0, ...call }, POLICY, place())
  const claim = async (token: string, scopes: Scope[] = [OPUS]) => {
    const claimed = await claimProbe(health.redis, { token, scopes, gapMs: 1_000 }, place())
    if (claimed.ok) return claimed
    const moments = claimed.broken.map(({ breaker }) => waitsUntilMs(breaker, nowMs)!)
    return { ok: false as const, untilMs: Math.max(...moments), cause: claimed.broken.at(-1)!.breaker.cause }
  }
  const judge = (probe: Probe | null, good = true) => judgeProbe(health.redis, probe!, good, place())

  async function failUntilOpen(call: Partial<FailedCall> = {}): Promise<number> {
    for (let failures = 1; failures <= 20; failures++) if ((await fail(call)).became === 'opened') return failures
    throw new Error('it never opened')
  }

  async function probeNow(token: string): Promise<Probe> {
    const claimed = await claim(token)
    if (!claimed.ok || !claimed.probe) throw new Error(`no probe for ${token}: ${JSON.stringify(claimed)}`)
    return claimed.probe
  }

  test('opens after five failures in a row, and says until when and why', async () => {
    expect(await failUntilOpen()).toBe(5)
    expect(await claim('a.1')).toEqual({ ok: false, untilMs: nowMs + 5_000, cause: 'server' })
  })

  test('opens after two refusals that hold for every call', async () => {
    expect(await failUntilOpen({ scope: 'credential:anthropic', cause: 'credential' })).toBe(2)
    expect(await claim('a.1', [OPUS, 'credential:anthropic'])).toEqual({
      ok: false,
      untilMs: nowMs + 30_000,
      cause: 'credential',
    })
    expect(await claim('a.1')).toEqual({ ok: true, probe: null })
  })

  test('stays closed while fewer than half of the calls fail, and opens when more do', async () => {
    for (let i = 0; i < 20; i++) expect(await fail({ ok: 2 })).toMatchObject({ became: 'noted' })
    let more = 0
    while ((await fail({ ok: more % 2 })).became === 'noted') if (++more > 100) throw new Error('it never opened')
    expect(more).toBeGreaterThan(20)
  })

  test('a failure that is long ago counts for nothing', async () => {
    for (let i = 0; i < 4; i++) await fail()
    nowMs += 700_000
    expect(await failUntilOpen()).toBe(5)
  })

  test('is half-open afterwards: one attempt of the fleet calls, and one success closes it', async () => {
    await failUntilOpen()
    nowMs += 5_000
    const answers = await Promise.all(['a.1', 'b.1', 'c.1', 'd.1'].map((token) => claim(token)))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    const [probe] = answers.flatMap((answer) => (answer.ok && answer.probe ? [answer.probe] : []))
    expect(await claim(probe!.token)).toEqual({ ok: true, probe })
    expect(await judge(probe!)).toMatchObject([{ scope: OPUS, became: 'closed', breaker: { open: false } }])
    expect(await claim('e.1')).toEqual({ ok: true, probe: null })
  })

  test('a probe that fails reopens it for twice as long; then two good ones are asked for, a second apart', async () => {
    await failUntilOpen()
    nowMs += 5_000
    const first = await probeNow('a.1')
    expect(await fail({ token: first.token })).toMatchObject({ became: 'reopened' })
    expect(await claim('b.1')).toMatchObject({ ok: false, untilMs: nowMs + 10_000 })
    nowMs += 10_000
    expect(await judge(await probeNow('b.1'))).toMatchObject([{ became: 'noted', breaker: { open: true } }])
    expect(await claim('c.1')).toMatchObject({ ok: false, untilMs: nowMs + 1_000 })
    nowMs += 1_000
    expect(await judge(await probeNow('c.1'))).toMatchObject([{ became: 'closed' }])
  })

  test('a probe whose owner vanished is free again when its lease is over; one that is renewed is not', async () => {
    await failUntilOpen()
    nowMs += 5_000
    const lost = await probeNow('a.1')
    nowMs += 8_000
    await renewProbes(health.redis, [lost], place())
    nowMs += 8_000
    nowMs += 3_999
    expect(await claim('b.1')).toMatchObject({ ok: false, untilMs: nowMs + 1 })
    nowMs += 1
    await probeNow('b.1')
    // Whatever comes of the first owner's call is no longer a probe's end.
    expect(await judge(lost)).toEqual([])
    expect(await fail({ token: lost.token })).toMatchObject({ became: 'noted' })
  })

  test('a probe that says nothing is given back for the next one', async () => {
    await failUntilOpen()
    nowMs += 5_000
    await judge(await probeNow('a.1'), false)
    await probeNow('b.1')
  })

  test('calls that began before it closed do not open it again', async () => {
    await failUntilOpen()
    nowMs += 5_000
    await judge(await probeNow('a.1'))
    for (let i = 0; i < 10; i++) expect(await fail({ tookMs: 8_000 })).toMatchObject({ became: 'noted' })
    expect(await claim('b.1')).toEqual({ ok: true, probe: null })
  })

  test('late failures do not stretch an opening, the provider’s own wish does, up to ten minutes', async () => {
    await failUntilOpen()
    for (let i = 0; i < 10; i++) await fail()
    expect(await claim('a.1')).toMatchObject({ untilMs: nowMs + 5_000 })
    await fail({ retryAfterMs: 20_000 })
    await fail({ retryAfterMs: 10_000 })
    expect(await claim('a.1')).toMatchObject({ untilMs: nowMs + 20_000 })
    await fail({ retryAfterMs: 86_400_000 })
    expect(await claim('a.1')).toMatchObject({ untilMs: nowMs + 600_000 })
  })

  test('a probe without tokens that fails keeps it open for another term', async () => {
    await failUntilOpen()
    nowMs += 4_000
    await fail({ idle: true })
    expect(await claim('a.1')).toMatchObject({ untilMs: nowMs + 5_000 })
  })

  test('a provider that flaps for ten minutes is probed ever more rarely, and forgiven after a quiet time', async () => {
    const beganMs = nowMs
    const isDown = () => Math.floor((nowMs - beganMs) / 7_000) % 2 === 0
    const changes: string[] = []
    let probes = 0
    for (let n = 0; nowMs < beganMs + 600_000; n++, nowMs += 500) {
      const claimed = await claim(`job${n}.1`)
      if (!claimed.ok) continue
      if (claimed.probe) probes++
      if (isDown()) {
        const { became } = await fail({ token: `job${n}.1`, ok: 1 })
        if (became !== 'noted') changes.push(became)
      } else if (claimed.probe) {
        changes.push(...(await judge(claimed.probe)).map(({ became }) => became))
      }
    }
    // It was down or up again 85 times.
    expect(changes.filter((became) => became === 'opened').length).toBeLessThanOrEqual(8)
    expect(probes).toBeLessThanOrEqual(40)

    nowMs += 3_600_000
    const left = await claim('end.1')
    if (left.ok && left.probe) await judge(left.probe)
    nowMs += 3_600_000
    for (let i = 0; i < 3; i++, nowMs += 1_000) {
      const again = await claim(`end${i}.1`)
      if (again.ok && again.probe) await judge(again.probe)
    }
    nowMs += 3_600_000
    await failUntilOpen()
    expect(await claim('last.1')).toMatchObject({ untilMs: nowMs + 5_000 })
  }, 30_000)
})
