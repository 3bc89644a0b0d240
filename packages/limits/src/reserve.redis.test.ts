import { randomUUID } from 'node:crypto'
import { NO_USAGE } from '@switchyard/contract/usage'
import { beforeEach, describe, expect, it } from 'vitest'
import { cancelBooking } from './cancel-booking.ts'
import { limiterKeys } from './keys.ts'
import { narrow } from './learn.ts'
import { type DeploymentLimits, hasLimits } from './limit-config.ts'
import { snapshot } from './observe.ts'
import { reconcile } from './reconcile.ts'
import { renewLeases } from './renew-leases.ts'
import { type Reservation, reserve } from './reserve.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const START = 1_790_000_000_000
const MINUTE = 60_000
const DAY = 1_440 * MINUTE

function slotOf(answer: Reservation): number {
  if (answer.ok) throw new Error('granted, not booked')
  return answer.slotAtMs
}

onEachRedis((redis) => {
  let deployment: string
  let nowMs: number

  beforeEach(() => {
    deployment = randomUUID()
    nowMs = START
  })

  const ask = (limits: DeploymentLimits, lease: string, inputTokens = 0, outputTokens = 0, leaseMs = 30_000) =>
    reserve(redis(), deployment, limits, { lease, inputTokens, outputTokens, leaseMs }, { nowMs })
  const end = (limits: DeploymentLimits, lease: string, inputTokens = 0, outputTokens = 0) =>
    reconcile(redis(), deployment, limits, lease, { ...NO_USAGE, inputTokens, outputTokens }, { nowMs })
  const giveUp = (limits: DeploymentLimits, lease: string) =>
    reconcile(redis(), deployment, limits, lease, null, { nowMs })
  const look = (limits: DeploymentLimits) => snapshot(redis(), deployment, limits, { nowMs })

  describe('windows', () => {
    it('give all of an idle minute at once and the rest a window later', async () => {
      const limits = { rpm: 3 }
      for (const lease of ['a', 'b', 'c']) expect(await ask(limits, lease)).toEqual({ ok: true })
      const refused = await ask(limits, 'd')
      expect(refused).toMatchObject({ ok: false, waitingFor: 'requests_per_minute' })
      expect(slotOf(refused) - START).toBeGreaterThan(MINUTE)
      expect(slotOf(refused) - START).toBeLessThanOrEqual(MINUTE + 1_000)
    })

    it.each([
      ['tpm', { tpm: 100 }, 60, 40, 'tokens_per_minute'],
      ['itpm', { itpm: 100 }, 100, 900, 'input_tokens_per_minute'],
      ['otpm', { otpm: 100 }, 900, 100, 'output_tokens_per_minute'],
      ['rpd', { rpd: 1 }, 0, 0, 'requests_per_day'],
    ] as const)('count %s by itself', async (name, limits, input, output, waitingFor) => {
      expect(await ask(limits, 'a', input, output)).toEqual({ ok: true })
      expect((await look(limits)).available).toEqual({ [name]: 0 })
      expect(await ask(limits, 'b', input, output)).toMatchObject({ ok: false, waitingFor })
    })

    it('let a refused call take from no dimension', async () => {
      const limits = { rpm: 10, itpm: 100, otpm: 50 }
      await ask(limits, 'a', 10, 50)
      expect(await ask(limits, 'b', 10, 1)).toMatchObject({ ok: false, waitingFor: 'output_tokens_per_minute' })
      expect((await look(limits)).available).toEqual({ rpm: 9, itpm: 90, otpm: 0 })
    })

    it('let a call of no output pass a full output window', async () => {
      const limits = { otpm: 50 }
      await ask(limits, 'a', 10, 50)
      expect(await ask(limits, 'b', 10, 0)).toEqual({ ok: true })
    })

    it('give a request that is larger than the limit a window of its own', async () => {
      const limits = { tpm: 100 }
      await ask(limits, 'a', 1)
      const slot = slotOf(await ask(limits, 'large', 5_000))
      expect(slot - START).toBeLessThanOrEqual(MINUTE + 1_000)
      nowMs = slot
      expect(await ask(limits, 'large', 5_000)).toEqual({ ok: true })
      expect((await look(limits)).available).toEqual({ tpm: 0 })
    })

    it('keep a day for requests per day', async () => {
      const limits = { rpd: 1 }
      await ask(limits, 'a')
      nowMs = START + DAY
      const slot = slotOf(await ask(limits, 'b'))
      expect(slot - nowMs).toBeLessThanOrEqual(2 * (DAY / 120))
      nowMs = slot
      expect(await ask(limits, 'c')).toMatchObject({ ok: false })
      expect(await ask(limits, 'b')).toEqual({ ok: true })
    })

    it('survive a clock that is set back', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      nowMs = START - 10 * MINUTE
      expect(await ask(limits, 'b')).toEqual({ ok: true })
      expect(await ask(limits, 'c')).toMatchObject({ ok: false })
      nowMs += 2 * MINUTE
      expect((await look(limits)).available).toEqual({ rpm: 1 })
    })

    it('refuse a limit that is no positive number', async () => {
      await expect(ask({ rpm: 0 }, 'a')).rejects.toMatchObject({ code: 'invalid_value' })
      await expect(ask({ inFlight: Number.NaN }, 'a')).rejects.toMatchObject({ code: 'invalid_value' })
    })
  })

  describe('the same lease again', () => {
    it('gets the first answer and takes nothing', async () => {
      const limits = { rpm: 5, inFlight: 5 }
      for (let i = 0; i < 3; i++) expect(await ask(limits, 'a')).toEqual({ ok: true })
      expect(await look(limits)).toMatchObject({ inFlight: 1, available: { rpm: 4 } })
    })

    it('gets its booked slot again', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      const first = await ask(limits, 'b')
      nowMs += 5_000
      expect(await ask(limits, 'b')).toEqual(first)
      expect((await look(limits)).booked).toBe(1)
    })

    it('is granted after it was reconciled, and takes nothing', async () => {
      const limits = { rpm: 5, inFlight: 5 }
      await ask(limits, 'a')
      await end(limits, 'a')
      expect(await ask(limits, 'a')).toEqual({ ok: true })
      expect(await look(limits)).toMatchObject({ inFlight: 0, available: { rpm: 4 } })
    })

    it('is a new request when its lease ran out or was given back', async () => {
      const limits = { rpm: 5, inFlight: 1 }
      await ask(limits, 'a')
      nowMs += 30_000
      expect(await ask(limits, 'a')).toEqual({ ok: true })
      expect(await look(limits)).toMatchObject({ inFlight: 1, available: { rpm: 3 } })
      await giveUp(limits, 'a')
      expect(await ask(limits, 'a')).toEqual({ ok: true })
      expect(await look(limits)).toMatchObject({ inFlight: 1, available: { rpm: 3 } })
    })
  })

  describe('booked slots', () => {
    it('stand in a line and are kept', async () => {
      const limits = { tpm: 100 }
      await ask(limits, 'a', 60)
      nowMs += 10_000
      await ask(limits, 'b', 40)
      const large = slotOf(await ask(limits, 'large', 90))
      const small = slotOf(await ask(limits, 'small', 10))
      const next = slotOf(await ask(limits, 'next', 50))
      expect(large).toBeLessThan(small)
      expect(small).toBeLessThan(next)
      // 60 come back first, but 90 were asked for first.
      expect(large - START).toBeGreaterThan(MINUTE + 10_000)
      for (const [lease, tokens, slot] of [
        ['large', 90, large],
        ['small', 10, small],
        ['next', 50, next],
      ] as const) {
        nowMs = slot
        expect(await ask(limits, lease, tokens), lease).toEqual({ ok: true })
      }
    })

    it('are used up by the grant', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      nowMs = slotOf(await ask(limits, 'b'))
      await ask(limits, 'b')
      expect(await look(limits)).toMatchObject({ booked: 0, available: { rpm: 0 } })
    })

    it('are not given to a newcomer when their time has come', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      const slot = slotOf(await ask(limits, 'b'))
      nowMs = slot + 5_000
      expect(slotOf(await ask(limits, 'newcomer'))).toBeGreaterThan(slot + MINUTE)
      expect(await ask(limits, 'b')).toEqual({ ok: true })
    })

    it('lapse after ten seconds', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      const slot = slotOf(await ask(limits, 'b'))
      nowMs = slot + 10_000
      expect(await ask(limits, 'newcomer')).toMatchObject({ ok: false })
      await cancelBooking(redis(), deployment, 'newcomer', { nowMs })
      nowMs = slot + 10_001
      expect(await ask(limits, 'other')).toEqual({ ok: true })
      expect(await ask(limits, 'b')).toMatchObject({ ok: false })
    })

    it('are free again when they are cancelled', async () => {
      const limits = { tpm: 100 }
      await ask(limits, 'a', 50)
      const first = slotOf(await ask(limits, 'b', 60))
      expect(await ask(limits, 'c', 50)).toMatchObject({ ok: false })
      await cancelBooking(redis(), deployment, 'c', { nowMs })
      await giveUp(limits, 'b')
      expect((await look(limits)).booked).toBe(0)
      expect(slotOf(await ask(limits, 'd', 60))).toBe(first)
      await cancelBooking(redis(), deployment, 'd', { nowMs })
      expect(await ask(limits, 'e', 50)).toEqual({ ok: true })
    })

    it('let a small call pass that takes nothing from them', async () => {
      const limits = { tpm: 100 }
      await ask(limits, 'a', 60)
      const slot = slotOf(await ask(limits, 'b', 50))
      await end(limits, 'a', 20)
      expect(await ask(limits, 'c', 30)).toEqual({ ok: true })
      expect(await ask(limits, 'd', 1)).toMatchObject({ ok: false })
      nowMs = slot
      expect(await ask(limits, 'b', 50)).toEqual({ ok: true })
    })

    it('are granted early when there is capacity to spare', async () => {
      const limits = { rpm: 2 }
      await ask(limits, 'a')
      await ask(limits, 'b')
      await ask(limits, 'c')
      await giveUp(limits, 'a')
      expect(await ask(limits, 'c')).toEqual({ ok: true })
      expect((await look(limits)).booked).toBe(0)
    })

    it('move to when there is room if those before came late', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      const b = slotOf(await ask(limits, 'b'))
      const c = slotOf(await ask(limits, 'c'))
      nowMs = b + 4_000
      await ask(limits, 'b')
      nowMs = c
      const moved = slotOf(await ask(limits, 'c'))
      expect(moved).toBeGreaterThan(nowMs)
      expect(moved - (b + 4_000)).toBeLessThanOrEqual(MINUTE + 1_000)
      nowMs = moved
      expect(await ask(limits, 'c')).toEqual({ ok: true })
    })
  })

  describe('places in flight', () => {
    it('are given up to the limit and come back when calls end', async () => {
      const limits = { inFlight: 2 }
      await ask(limits, 'a')
      await ask(limits, 'b')
      const c = await ask(limits, 'c')
      const d = await ask(limits, 'd')
      expect(c).toMatchObject({ ok: false, waitingFor: 'in_flight' })
      expect(slotOf(c)).toBeGreaterThan(nowMs)
      expect(slotOf(d)).toBeGreaterThan(slotOf(c))
      await end(limits, 'a')
      nowMs = slotOf(c)
      expect(await ask(limits, 'c')).toEqual({ ok: true })
      expect((await look(limits)).inFlight).toBe(2)
    })

    it('come back one for each call, however it ends and however often that is said', async () => {
      const limits = { inFlight: 3 }
      const hasNoMore = async () => {
        expect(await ask(limits, 'one more')).toMatchObject({ ok: false, waitingFor: 'in_flight' })
        await cancelBooking(redis(), deployment, 'one more', { nowMs })
      }
      for (const lease of ['a', 'b', 'c']) expect(await ask(limits, lease)).toEqual({ ok: true })
      await end(limits, 'a')
      await end(limits, 'a')
      await giveUp(limits, 'a')
      expect(await ask(limits, 'd')).toEqual({ ok: true })
      await hasNoMore()
      await giveUp(limits, 'b')
      await giveUp(limits, 'b')
      expect(await ask(limits, 'e')).toEqual({ ok: true })
      await hasNoMore()
      // c, d and e ran out, and whoever held them says so late.
      nowMs += 30_000
      for (const lease of ['f', 'g', 'h']) expect(await ask(limits, lease)).toEqual({ ok: true })
      await hasNoMore()
      await end(limits, 'c')
      await giveUp(limits, 'd')
      await hasNoMore()
      // f ran out as well, and nobody has noticed when it asks again.
      nowMs += 30_000
      for (const lease of ['f', 'g', 'i']) expect(await ask(limits, lease)).toEqual({ ok: true })
      await hasNoMore()
      await end(limits, 'e')
      await end(limits, 'h')
      await hasNoMore()
    })

    it('are estimated from how long they are held', async () => {
      const limits = { inFlight: 1 }
      await ask(limits, 'a')
      nowMs += 8_000
      await end(limits, 'a')
      await ask(limits, 'b')
      expect(slotOf(await ask(limits, 'c')) - nowMs).toBeGreaterThanOrEqual(8_000)
      expect(slotOf(await ask(limits, 'c')) - nowMs).toBeLessThan(9_000)
    })

    it('go to those whose turn has come, before any newcomer', async () => {
      const limits = { inFlight: 1 }
      await ask(limits, 'a')
      nowMs = slotOf(await ask(limits, 'b'))
      const again = slotOf(await ask(limits, 'b'))
      expect(again - nowMs).toBeGreaterThanOrEqual(250)
      expect(again - nowMs).toBeLessThanOrEqual(1_000)
      await end(limits, 'a')
      expect(await ask(limits, 'newcomer')).toMatchObject({ ok: false, waitingFor: 'in_flight' })
      nowMs = again
      expect(await ask(limits, 'b')).toEqual({ ok: true })
    })

    it('are not kept empty for a slot that is far away', async () => {
      const limits = { inFlight: 1 }
      await ask(limits, 'a')
      nowMs += 20_000
      await end(limits, 'a')
      await ask(limits, 'b')
      await ask(limits, 'c')
      await end(limits, 'b')
      expect(await ask(limits, 'd')).toEqual({ ok: true })
    })

    it('come back when their owner is gone', async () => {
      const limits = { inFlight: 1 }
      await ask(limits, 'a', 0, 0, 1_000)
      nowMs += 999
      expect((await look(limits)).inFlight).toBe(1)
      nowMs += 1
      expect((await look(limits)).inFlight).toBe(0)
      expect(await ask(limits, 'b')).toEqual({ ok: true })
    })

    it('stay with an owner that renews, and do not come back to life', async () => {
      const limits = { inFlight: 2 }
      await ask(limits, 'a', 0, 0, 1_000)
      await ask(limits, 'b', 0, 0, 500)
      nowMs += 600
      const held = ['a', 'b', 'never'].map((lease) => ({ deployment, lease }))
      await renewLeases(redis(), [...held, { deployment: randomUUID(), lease: 'x' }], { nowMs, leaseMs: 1_000 })
      nowMs += 900
      expect((await look(limits)).inFlight).toBe(1)
      nowMs += 100
      expect((await look(limits)).inFlight).toBe(0)
    })

    it('are never more than the limit when everybody asks at once', async () => {
      const limits = { inFlight: 10 }
      const asked = Array.from({ length: 200 }, (_, i) =>
        reserve(redis(), deployment, limits, { lease: `${i}`, inputTokens: 1, outputTokens: 1 }),
      )
      const answers = await Promise.all(asked)
      expect(answers.filter(({ ok }) => ok)).toHaveLength(10)
      expect(new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.slotAtMs]))).size).toBe(190)
      expect((await snapshot(redis(), deployment, limits)).inFlight).toBe(10)
    })
  })

  describe('reconcile', () => {
    it('puts real tokens in the place of the estimate, once', async () => {
      const limits = { tpm: 1_000, itpm: 1_000, otpm: 1_000 }
      await ask(limits, 'a', 500, 400)
      for (let i = 0; i < 2; i++) {
        await end(limits, 'a', 450, 100)
        expect((await look(limits)).available).toEqual({ tpm: 450, itpm: 550, otpm: 900 })
      }
    })

    it('takes more than the estimate now, not when it was reserved', async () => {
      const limits = { otpm: 100 }
      await ask(limits, 'a', 0, 10)
      nowMs += 30_000
      await end(limits, 'a', 0, 250)
      expect((await look(limits)).available).toEqual({ otpm: 0 })
      nowMs = START + MINUTE + 1_000
      expect((await look(limits)).available).toEqual({ otpm: 0 })
      nowMs += 30_000
      expect((await look(limits)).available).toEqual({ otpm: 100 })
    })

    it('gives everything back when the call never reached the provider', async () => {
      const limits = { rpm: 2, tpm: 100, rpd: 5, inFlight: 1 }
      await ask(limits, 'a', 50, 50)
      await giveUp(limits, 'a')
      await giveUp(limits, 'a')
      expect(await look(limits)).toMatchObject({ inFlight: 0, available: { rpm: 2, tpm: 100, rpd: 5 } })
    })

    it('gives nothing back that no window holds any more', async () => {
      const limits = { tpm: 100, rpd: 5 }
      await ask(limits, 'a', 100)
      nowMs += 2 * MINUTE
      await ask(limits, 'b', 100)
      await giveUp(limits, 'a')
      expect((await look(limits)).available).toEqual({ tpm: 0, rpd: 4 })
    })

    it('corrects the tokens of a lease that ran out', async () => {
      const limits = { tpm: 100, inFlight: 1 }
      await ask(limits, 'a', 100, 0, 1_000)
      nowMs += 2_000
      await end(limits, 'a', 30)
      expect(await look(limits)).toMatchObject({ inFlight: 0, available: { tpm: 70 } })
    })

    it('does nothing for a lease that was never granted', async () => {
      const limits = { rpm: 5, inFlight: 5 }
      await ask(limits, 'a')
      await end(limits, 'unknown', 100)
      await giveUp(limits, 'unknown')
      expect(await look(limits)).toMatchObject({ inFlight: 1, available: { rpm: 4 } })
    })
  })

  describe('a provider that said 429', () => {
    it('gets no call before the moment it named, then one after the other', async () => {
      const limits = { rpm: 100 }
      await narrow(redis(), deployment, {}, { retryAfterMs: 20_000 }, { nowMs })
      await narrow(redis(), deployment, {}, { retryAfterMs: 5_000 }, { nowMs })
      const a = slotOf(await ask(limits, 'a'))
      const b = slotOf(await ask(limits, 'b'))
      expect(a).toBe(START + 20_000)
      expect(b).toBeGreaterThan(a)
      expect((await look(limits)).limitedUntilMs).toBe(START + 20_000)
      nowMs = b
      expect(await ask(limits, 'a')).toEqual({ ok: true })
      expect(await ask(limits, 'b')).toEqual({ ok: true })
      expect((await look(limits)).limitedUntilMs).toBeNull()
    })

    it('moves slots that were booked before', async () => {
      const limits = { rpm: 1 }
      await ask(limits, 'a')
      const before = slotOf(await ask(limits, 'b'))
      await narrow(redis(), deployment, {}, { retryAfterMs: 5 * MINUTE }, { nowMs })
      const after = slotOf(await ask(limits, 'b'))
      expect(after).toBeGreaterThan(before)
      expect(after - START).toBeGreaterThanOrEqual(5 * MINUTE)
      expect(await ask(limits, 'b')).toMatchObject({ slotAtMs: after })
    })

    it('is asked again after an hour, whatever it said', async () => {
      await narrow(redis(), deployment, {}, { retryAfterMs: 1e12 }, { nowMs })
      expect((await look({})).limitedUntilMs).toBe(START + 3_600_000)
      await narrow(redis(), deployment, {}, { retryAfterMs: Number.NaN }, { nowMs })
      expect((await look({})).limitedUntilMs).toBe(START + 3_600_000)
    })
  })

  it.each<DeploymentLimits>([{ rpm: 1, inFlight: 9 }, { inFlight: 1 }, { rpm: 1, rpd: 9 }])(
    'leaves no key without an expiry: %j',
    async (limits) => {
      const ttls = () => Promise.all(limiterKeys(deployment).map((key) => redis().pttl(key)))
      await ask(limits, 'a')
      await end(limits, 'a')
      // -2: no such key.
      expect((await ttls())[0]).toBeGreaterThan(0)
      await giveUp(limits, 'a')
      nowMs += 2 * MINUTE
      await ask(limits, 'b')
      await ask(limits, 'c')
      await narrow(redis(), deployment, {}, { retryAfterMs: 1_000 }, { nowMs })
      await renewLeases(redis(), [{ deployment, lease: 'b' }], { nowMs })
      for (const ttl of await ttls()) expect(ttl).toBeGreaterThan(0)
      await cancelBooking(redis(), deployment, 'c', { nowMs })
      await giveUp(limits, 'b')
      const [limiter, leases, line] = await ttls()
      expect([leases, line]).toEqual([-2, -2])
      expect(limiter).toBeGreaterThan(0)
    },
  )
})

it('knows deployments without limits', () => {
  expect(hasLimits({})).toBe(false)
  expect(hasLimits({ rpm: undefined })).toBe(false)
  expect(hasLimits({ inFlight: 1 })).toBe(true)
})
