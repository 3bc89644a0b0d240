import { randomUUID } from 'node:crypto'
import { NO_USAGE } from '@switchyard/contract/usage'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cancelBooking } from './cancel-booking.ts'
import { limiterKeys } from './keys.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { snapshot } from './observe.ts'
import { reconcileCommand } from './reconcile.ts'
import { renewLeases } from './renew-leases.ts'
import { reserve } from './reserve.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const START = 1_790_000_000_000
/** Scaled: a minute takes 6 s, a lease 3 s, and no clock is waited for. */
const MINUTE_MS = 6_000
const LEASE_MS = 3_000
const LIMITS: DeploymentLimits = { rpm: 600, tpm: 60_000, inFlight: 40 }
const CRASHES = 10_000
const AT_ONCE = 50

/** Where its owner vanishes: before it asked, with its slot booked or its place taken, with a renewal or two behind it, or not at all. */
const FATES = ['before', 'after asking', 'renewed once', 'renewed twice', 'ends', 'gives up', 'goes elsewhere'] as const
type Fate = (typeof FATES)[number]

const isCrash = (fate: Fate) => !['ends', 'gives up', 'goes elsewhere'].includes(fate)

onEachRedis((redis) => {
  /**
   * Jobs that crash are retried under the next attempt's lease, as a fleet does. Nobody ever says that the old lease is over.
   */
  it('leases sum to zero once all owners are gone, whatever 10,000 crashes left behind', {
    timeout: 60_000,
  }, async () => {
    const deployment = randomUUID()
    let nowMs = START
    let crashes = 0
    let granted = 0
    const clock = () => ({ nowMs, minuteMs: MINUTE_MS })
    const random = fc.sample(
      fc.record({ fate: fc.constantFrom(...FATES), input: fc.nat(400), waitMs: fc.nat(2_500) }),
      {
        numRuns: 1.3 * CRASHES * (FATES.length / FATES.filter(isCrash).length),
        seed: 7,
      },
    )

    for (let i = 0; crashes < CRASHES; i += AT_ONCE) {
      const jobs = random.slice(i, i + AT_ONCE).map((job, n) => ({ ...job, lease: `job_${i + n}.1` }))
      crashes += jobs.filter(({ fate }) => isCrash(fate)).length
      const asking = jobs.filter(({ fate }) => fate !== 'before')
      const answers = await Promise.all(
        asking.map(({ lease, input }) =>
          reserve(
            redis(),
            deployment,
            LIMITS,
            { lease, inputTokens: input, outputTokens: 50, leaseMs: LEASE_MS },
            clock(),
          ),
        ),
      )
      granted += answers.filter(({ ok }) => ok).length
      // Never more than the limit, whoever is dead.
      expect((await snapshot(redis(), deployment, LIMITS, clock())).inFlight).toBeLessThanOrEqual(LIMITS.inFlight!)
      nowMs += jobs[0]!.waitMs
      const held = asking.filter((_, n) => answers[n]!.ok)
      const booked = asking.filter((_, n) => !answers[n]!.ok)
      for (const fate of ['renewed once', 'renewed twice']) {
        const renewing = held.filter((job) => job.fate === fate || job.fate === 'renewed twice')
        const leases = renewing.map(({ lease }) => ({ deployment, lease }))
        await renewLeases(redis(), leases, { ...clock(), leaseMs: LEASE_MS })
      }
      const ended = held
        .filter(({ fate }) => !isCrash(fate))
        .map(({ lease, fate, input }) => ({
          lease,
          actual: fate === 'gives up' ? null : { ...NO_USAGE, inputTokens: input, outputTokens: 30 },
        }))
      const replies = await pipelineBySlot(redis(), [reconcileCommand(deployment, LIMITS, ended, clock())])
      for (const { error } of replies) expect(error).toBeNull()
      const leaving = booked.filter(({ fate }) => !isCrash(fate))
      await Promise.all(leaving.map(({ lease }) => cancelBooking(redis(), deployment, lease, clock())))
      nowMs += jobs.at(-1)!.waitMs
    }
    // Else nothing was tried.
    expect(granted).toBeGreaterThan(CRASHES / 10)

    // The last owners are gone for as long as a lease, a booking and a window last.
    nowMs += LEASE_MS + 2 * MINUTE_MS
    expect(await snapshot(redis(), deployment, LIMITS, clock())).toEqual({
      inFlight: 0,
      booked: 0,
      available: { rpm: LIMITS.rpm, tpm: LIMITS.tpm },
      limitedUntilMs: null,
      limits: LIMITS,
    })
    const all = Array.from({ length: LIMITS.inFlight! }, (_, n) => `next_${n}.1`)
    const answers = await Promise.all(
      all.map((lease) =>
        reserve(redis(), deployment, LIMITS, { lease, inputTokens: 1, outputTokens: 1, leaseMs: LEASE_MS }, clock()),
      ),
    )
    expect(answers.every(({ ok }) => ok)).toBe(true)
    await pipelineBySlot(redis(), [
      reconcileCommand(
        deployment,
        LIMITS,
        all.map((lease) => ({ lease, actual: null })),
        clock(),
      ),
    ])
    expect((await snapshot(redis(), deployment, LIMITS, clock())).inFlight).toBe(0)

    // And what is left in Redis goes by itself: grants of the dead are forgotten, the keys expire.
    nowMs += 400 * MINUTE_MS
    const last = { lease: 'last.1', inputTokens: 1, outputTokens: 1, leaseMs: LEASE_MS }
    await reserve(redis(), deployment, LIMITS, last, clock())
    const [limiter, leases] = limiterKeys(deployment)
    expect(await redis().zcard(leases!)).toBeLessThan(CRASHES / 2)
    for (const key of [limiter!, leases!]) expect(await redis().pttl(key)).toBeGreaterThan(0)
  })
})
