import { randomUUID } from 'node:crypto'
import { NO_USAGE } from '@switchyard/contract/usage'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { beforeEach, describe, expect, it } from 'vitest'
import { cancelBooking } from './cancel-booking.ts'
import { limiterKeys } from './keys.ts'
import { narrow, type Refusal } from './learn.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { snapshot } from './observe.ts'
import { reconcileCommand, type StatedWindows } from './reconcile.ts'
import { type Reservation, reserve } from './reserve.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const START = 1_790_000_000_000
const MINUTE = 60_000

onEachRedis((redis) => {
  let deployment: string
  let nowMs: number
  let calls: number
  beforeEach(() => {
    deployment = randomUUID()
    nowMs = START
    calls = 0
  })

  function ask(limits: DeploymentLimits, lease: string, inputTokens = 0, batch = false): Promise<Reservation> {
    return reserve(redis(), deployment, limits, { lease, inputTokens, outputTokens: 0, batch }, { nowMs })
  }

  async function end(limits: DeploymentLimits, lease: string, inputTokens: number, stated?: StatedWindows) {
    const ended = [{ lease, actual: { ...NO_USAGE, inputTokens }, ...(stated ? { stated } : {}) }]
    const [reply] = await pipelineBySlot(redis(), [reconcileCommand(deployment, limits, ended, { nowMs })])
    expect(reply!.error).toBeNull()
  }

  const refuse = (limits: DeploymentLimits, refusal: Refusal) => narrow(redis(), deployment, limits, refusal, { nowMs })
  const available = async (limits: DeploymentLimits) =>
    (await snapshot(redis(), deployment, limits, { nowMs })).available

  /** A call that succeeds and uses what it asked for. */
  async function use(limits: DeploymentLimits, tokens: number, stated?: StatedWindows): Promise<void> {
    const lease = `call-${++calls}`
    expect(await ask(limits, lease, tokens)).toEqual({ ok: true })
    await end(limits, lease, tokens, stated)
  }

  /** The calls that are granted at once, of many. */
  async function places(limits: DeploymentLimits): Promise<string[]> {
    const leases = Array.from({ length: 110 }, () => `place-${++calls}`)
    const answers = await Promise.all(leases.map((lease) => ask(limits, lease)))
    const refused = leases.filter((_, i) => !answers[i]!.ok)
    await Promise.all(refused.map((lease) => cancelBooking(redis(), deployment, lease, { nowMs })))
    return leases.filter((_, i) => answers[i]!.ok)
  }

  async function endAll(limits: DeploymentLimits, leases: string[]): Promise<void> {
    await Promise.all(leases.map((lease) => end(limits, lease, 0)))
  }

  describe('a rate that was too high', () => {
    const limits = { tpm: 1_000, rpd: 50 }

    it('is lowered by a tenth, once for all calls that were on the way together', async () => {
      for (let i = 0; i < 5; i++) await refuse(limits, { rateLimited: true })
      expect(await available(limits)).toEqual({ tpm: 900, rpd: 50 })
      nowMs += 2_000
      await refuse(limits, { rateLimited: true })
      expect(await available(limits)).toEqual({ tpm: 810, rpd: 50 })
    })

    it('is not lowered below a quarter', async () => {
      for (let i = 0; i < 30; i++) {
        await refuse(limits, { rateLimited: true })
        nowMs += 2_000
      }
      expect((await available(limits)).tpm).toBe(250)
    })

    it('comes back step by step as calls succeed, and then nothing is left of it', async () => {
      await refuse(limits, { rateLimited: true })
      await use(limits, 900)
      nowMs += 2 * MINUTE
      expect((await available(limits)).tpm).toBe(950)
      await use(limits, 950)
      nowMs += 2 * MINUTE
      expect((await available(limits)).tpm).toBe(1_000)
      expect(await redis().hexists(limiterKeys(deployment)[0]!, '~')).toBe(0)
    })

    it('lets a call that is larger than what is left of the limit have a window for itself', async () => {
      await refuse(limits, { rateLimited: true })
      expect(await ask(limits, 'large', 5_000)).toEqual({ ok: true })
    })
  })

  describe('too many calls in flight', () => {
    const limits = { inFlight: 32 }

    it('are halved from what is in flight, and one more comes back with each round that succeeds', async () => {
      const all = await places(limits)
      expect(all).toHaveLength(32)
      await refuse(limits, { overloaded: true })
      await endAll(limits, all)
      const fewer = await places(limits)
      expect(fewer.length).toBeGreaterThanOrEqual(16)
      expect(fewer.length).toBeLessThanOrEqual(18)
      let round = fewer
      for (let i = 0; i < 5; i++) {
        await endAll(limits, round)
        round = await places(limits)
      }
      expect(round.length - fewer.length).toBeGreaterThanOrEqual(4)
      expect(round.length - fewer.length).toBeLessThanOrEqual(6)
    })

    it('never fall below the floor, and come back to the ceiling', async () => {
      for (let i = 0; i < 10; i++) {
        await refuse(limits, { overloaded: true })
        nowMs += 10_000
      }
      let round = await places(limits)
      expect(round).toHaveLength(2)
      for (let i = 0; i < 40; i++) {
        await endAll(limits, round)
        round = await places(limits)
      }
      expect(round).toHaveLength(32)
    })

    it('are nothing that a deployment without such a limit knows', async () => {
      await refuse({ rpm: 100 }, { overloaded: true })
      expect(await places({ rpm: 100 })).toHaveLength(100)
    })
  })

  describe('the headers of an answer', () => {
    const limits = { rpm: 100, tpm: 10_000 }

    it('with a lower limit lower ours, until they say something else', async () => {
      await use(limits, 100, { tokens: { limit: 6_000, remaining: 5_900 } })
      expect(await available(limits)).toEqual({ rpm: 99, tpm: 5_900 })
      await use(limits, 100, { tokens: { limit: 20_000, remaining: 19_000 } })
      expect((await available(limits)).tpm).toBe(5_800)
      await use(limits, 100, { tokens: { limit: 10_000, remaining: 9_700 } })
      expect((await available(limits)).tpm).toBe(9_700)
    })

    it('with less left than we think show what others use, which leaves the window again', async () => {
      await use(limits, 1_000, { tokens: { limit: 10_000, remaining: 5_000 } })
      expect((await available(limits)).tpm).toBe(5_000)
      expect(await ask(limits, 'too much', 6_000)).toMatchObject({ ok: false, waitingFor: 'tokens_per_minute' })
      nowMs += MINUTE / 2
      expect((await available(limits)).tpm).toBe(7_000)
      nowMs += MINUTE / 2
      expect((await available(limits)).tpm).toBe(9_000)
    })

    it('count from when the call was granted: what was taken meanwhile is no surprise', async () => {
      await ask(limits, 'a', 1_000)
      await ask(limits, 'b', 5_000)
      await end(limits, 'a', 1_000, { tokens: { limit: 10_000, remaining: 9_000 } })
      expect((await available(limits)).tpm).toBe(4_000)
    })

    it('of a call that others overtook on the way show nobody else', async () => {
      await ask(limits, 'a', 1_000)
      await ask(limits, 'b', 5_000)
      await end(limits, 'a', 1_000, { tokens: { limit: 10_000, remaining: 4_000 } })
      expect((await available(limits)).tpm).toBe(4_000)
    })

    it('with more left than we think change nothing', async () => {
      await ask(limits, 'estimate', 9_000)
      await use(limits, 500, { tokens: { limit: 10_000, remaining: 9_900 } })
      expect((await available(limits)).tpm).toBe(500)
      expect(await redis().hexists(limiterKeys(deployment)[0]!, '~')).toBe(0)
    })

    it('of another window, a second or a day, teach nothing', async () => {
      await use(limits, 100, { requests: { limit: 2, remaining: 0 }, tokens: { limit: 1_000_000, remaining: 5 } })
      expect(await available(limits)).toEqual({ rpm: 99, tpm: 9_900 })
    })
  })

  describe('calls of a batch', () => {
    const limits = { tpm: 1_000, inFlight: 20 }

    it('leave 15 % of every limit to others', async () => {
      expect(await ask(limits, 'a', 800, true)).toEqual({ ok: true })
      expect(await ask(limits, 'b', 100, true)).toMatchObject({ ok: false, waitingFor: 'tokens_per_minute' })
      expect(await ask(limits, 'c', 150)).toEqual({ ok: true })
    })

    it('leave 15 % of the places', async () => {
      const granted: Reservation[] = []
      for (let i = 0; i < 20; i++) granted.push(await ask(limits, `${i}`, 1, true))
      expect(granted.filter(({ ok }) => ok)).toHaveLength(17)
      expect(await ask(limits, 'other', 1)).toEqual({ ok: true })
    })

    it('book no slot, and get nothing while somebody else waits', async () => {
      await ask(limits, 'a', 500)
      expect(await ask(limits, 'line', 400, true)).toMatchObject({ ok: false })
      expect((await snapshot(redis(), deployment, limits, { nowMs })).booked).toBe(0)
      const waiting = await ask(limits, 'b', 600)
      const line = await ask(limits, 'line', 10, true)
      if (waiting.ok || line.ok) throw new Error('granted')
      expect(line.slotAtMs).toBeGreaterThan(waiting.slotAtMs)
      nowMs = waiting.slotAtMs
      expect(await ask(limits, 'line', 10, true)).toMatchObject({ ok: false })
      expect(await ask(limits, 'b', 600)).toEqual({ ok: true })
      expect(await ask(limits, 'line', 10, true)).toEqual({ ok: true })
    })

    it('that are larger than their part of the limit have it for themselves', async () => {
      expect(await ask(limits, 'large', 990, true)).toEqual({ ok: true })
      expect((await available(limits)).tpm).toBe(150)
    })
  })
})
