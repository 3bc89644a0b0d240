import { randomUUID } from 'node:crypto'
import { NO_USAGE } from '@switchyard/contract/usage'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cancelBooking } from './cancel-booking.ts'
import { narrow } from './learn.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { snapshot } from './observe.ts'
import { reconcileCommand } from './reconcile.ts'
import { renewLeases } from './renew-leases.ts'
import { type Reservation, reserve } from './reserve.ts'
import { LimiterModel, WAITING_FOR } from './testing/limiter-model.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const START = 1_790_000_000_000
const MINUTE = 60_000
const LEASE_MS = 30_000

const limit = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined })
const limitsOf: fc.Arbitrary<DeploymentLimits> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      rpm: limit(6),
      tpm: limit(200),
      itpm: limit(150),
      otpm: limit(100),
      rpd: limit(40),
      inFlight: limit(4),
    }),
  },
  // Where nothing else refuses a call, places are soon full.
  { weight: 1, arbitrary: fc.record({ inFlight: fc.integer({ min: 1, max: 5 }) }) },
)

const job = fc.integer({ min: 0, max: 7 })
const tokens = fc.integer({ min: 0, max: 120 })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('reserve' as const), job, input: tokens, output: tokens }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('come at the slot' as const), job }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('reserve together' as const),
      calls: fc.array(fc.record({ job, input: tokens, output: tokens }), { minLength: 2, maxLength: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('reconcile' as const),
      calls: fc.array(fc.record({ job, used: fc.option(fc.tuple(tokens, tokens)) }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat the reconcile' as const), job }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), jobs: fc.array(job, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel the booking' as const), job }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('narrow' as const), ms: fc.integer({ min: 1, max: 20_000 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(600), fc.nat(12_000), fc.nat(70_000)),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

onEachRedis((redis) => {
  /** Does the same to Redis and to the model, and compares them after every step. A crash is a job of which nobody hears again. */
  async function run(limits: DeploymentLimits, steps: Step[]): Promise<void> {
    const deployment = randomUUID()
    const model = new LimiterModel(limits, START)
    const attempts = new Map<number, number>()
    const asked = new Map<string, [number, number]>()
    const leaseOf = (n: number) => `job${n}.${attempts.get(n) ?? 1}`
    const clock = () => ({ nowMs: model.nowMs })

    /** Calls of one turn are answered as if each came after the one before. */
    async function ask(...calls: { lease: string; input: number; output: number }[]): Promise<void> {
      const answers = await Promise.all(
        calls.map(({ lease, input, output }) =>
          reserve(
            redis(),
            deployment,
            limits,
            { lease, inputTokens: input, outputTokens: output, leaseMs: LEASE_MS },
            clock(),
          ),
        ),
      )
      for (const [i, { lease, input, output }] of calls.entries()) check(lease, input, output, answers[i]!)
    }

    function check(lease: string, input: number, output: number, answer: Reservation): void {
      asked.set(lease, [input, output])
      const cost = model.cost(1, input, output)
      const expected = model.expected(lease, cost)
      const own = model.bookings.get(lease)
      expect(answer.ok).toBe(expected.ok)
      if (!answer.ok) {
        expect(expected.reasons).toContain(answer.waitingFor)
        if (expected.slotMs === null) {
          expect(answer.slotAtMs).toBeGreaterThan(model.nowMs)
          expect(answer.slotAtMs).toBeGreaterThanOrEqual(model.limitedUntilMs)
          const due = own !== undefined && own.slotMs <= model.nowMs && own.slotMs + MINUTE / 6 >= model.nowMs
          for (const dimension of model.dimensions) {
            const amount = Math.min(cost[dimension]!, limits[dimension]!)
            if (amount === 0) continue
            const planned = model.plannedAt(dimension, answer.slotAtMs, lease, !due)
            expect(planned + amount, `${dimension} at the slot`).toBeLessThanOrEqual(limits[dimension]!)
          }
          const blocking = model.dimensions.find((name) => WAITING_FOR[name] === answer.waitingFor)
          const others = model.live().filter(([name]) => name !== lease)
          const line = due ? model.nowMs : Math.max(model.nowMs, ...others.map(([, { slotMs }]) => slotMs))
          if (blocking && answer.slotAtMs > model.limitedUntilMs + others.length) {
            const before = model.bucketStart(blocking, answer.slotAtMs) - 1
            const amount = Math.min(cost[blocking]!, limits[blocking]!)
            if (before >= line) {
              const planned = model.plannedAt(blocking, before, lease, !due)
              expect(planned + amount, `${blocking} before the slot`).toBeGreaterThan(limits[blocking]!)
            }
          }
        } else expect(answer.slotAtMs).toBe(expected.slotMs)
      }
      model.answered(lease, cost, answer, LEASE_MS)
      if (answer.ok && !expected.repeat) {
        for (const dimension of model.dimensions) {
          if (cost[dimension]! > 0) expect(model.seenByProvider(dimension)).toBeLessThanOrEqual(limits[dimension]!)
        }
      }
    }

    async function end(...calls: { lease: string; used: [number, number] | null }[]): Promise<void> {
      const ended = calls.map(({ lease, used }) => ({
        lease,
        actual: used && { ...NO_USAGE, inputTokens: used[0], outputTokens: used[1] },
      }))
      const replies = await pipelineBySlot(redis(), [reconcileCommand(deployment, limits, ended, clock())])
      for (const { error } of replies) expect(error).toBeNull()
      for (const { lease, used } of calls) model.reconciled(lease, used && model.cost(1, ...used))
    }

    for (const step of steps) {
      switch (step.do) {
        case 'reserve':
          await ask({ lease: leaseOf(step.job), input: step.input, output: step.output })
          break
        case 'reserve together':
          await ask(...step.calls.map(({ job, ...tokens }) => ({ lease: leaseOf(job), ...tokens })))
          break
        case 'come at the slot': {
          const lease = leaseOf(step.job)
          const booking = model.bookings.get(lease)
          if (!booking) break
          model.nowMs = Math.max(model.nowMs, booking.slotMs)
          const [input, output] = asked.get(lease)!
          await ask({ lease, input, output })
          break
        }
        case 'reconcile': {
          const calls = step.calls
            .map(({ job, used }) => ({ job, lease: leaseOf(job), used }))
            .filter(({ lease }) => !model.isForgotten(lease))
          const granted = new Set(calls.flatMap(({ lease }) => (model.grants.has(lease) ? [lease] : [])))
          await end(...calls)
          for (const { job, lease } of calls) {
            if (lease === leaseOf(job) && granted.has(lease) && model.grants.get(lease)?.settled) {
              attempts.set(job, (attempts.get(job) ?? 1) + 1)
            }
          }
          break
        }
        case 'repeat the reconcile': {
          const before = (attempts.get(step.job) ?? 1) - 1
          if (before > 0) await end({ lease: `job${step.job}.${before}`, used: [1, 1] })
          break
        }
        case 'renew': {
          const leases = step.jobs.map(leaseOf)
          const held = leases.map((lease) => ({ deployment, lease }))
          await renewLeases(redis(), held, { ...clock(), leaseMs: LEASE_MS })
          model.renewed(leases, LEASE_MS)
          break
        }
        case 'cancel the booking':
          await cancelBooking(redis(), deployment, leaseOf(step.job), clock())
          model.bookings.delete(leaseOf(step.job))
          break
        case 'narrow':
          await narrow(redis(), deployment, limits, { retryAfterMs: step.ms }, clock())
          model.limitedUntilMs = Math.max(model.limitedUntilMs, model.nowMs + step.ms)
          break
        case 'wait':
          model.nowMs += step.ms
      }
      const seen = await snapshot(redis(), deployment, limits, clock())
      expect(seen.inFlight, 'in flight = living leases').toBe(model.inFlight())
      expect(seen.inFlight).toBeLessThanOrEqual(limits.inFlight ?? Number.POSITIVE_INFINITY)
      expect(seen.booked, 'booked').toBe(model.live().length)
      for (const dimension of model.dimensions) {
        const left = Math.max(0, limits[dimension]! - model.counted(dimension))
        expect(seen.available[dimension], dimension).toBe(left)
      }
    }

    model.nowMs += LEASE_MS
    expect((await snapshot(redis(), deployment, limits, clock())).inFlight, 'in flight at rest').toBe(0)
    const slots = [...model.bookings.values()].map(({ slotMs }) => slotMs)
    model.nowMs = Math.max(model.nowMs, ...slots) + 2 * 1_440 * MINUTE
    const rest = await snapshot(redis(), deployment, limits, clock())
    expect(rest.booked, 'booked at rest').toBe(0)
    for (const dimension of model.dimensions) expect(rest.available[dimension]).toBe(limits[dimension])
  }

  it('agrees with its model after any sequence of reserve, reconcile, crash, repeat, renew and waiting', async () => {
    await fc.assert(fc.asyncProperty(limitsOf, fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), run), {
      numRuns: 150,
    })
  }, 120_000)

  it('keeps every slot that it books, and uses a full window to the last 3 %', async () => {
    const load = fc.array(fc.record({ afterMs: fc.nat(1_000), tokens: fc.integer({ min: 1, max: 250 }) }), {
      minLength: 100,
      maxLength: 100,
    })
    await fc.assert(
      fc.asyncProperty(load, async (jobs) => {
        const deployment = randomUUID()
        const limits = { tpm: 1_000 }
        const taken: { atMs: number; tokens: number }[] = []
        let arrivedMs = START
        const due = jobs.map(({ afterMs, tokens }, i) => {
          arrivedMs += afterMs
          return { atMs: arrivedMs, lease: `${i}`, tokens, booked: false }
        })
        while (due.length > 0) {
          due.sort((a, b) => a.atMs - b.atMs || Number(b.booked) - Number(a.booked))
          const next = due.shift()!
          const request = { lease: next.lease, inputTokens: next.tokens, outputTokens: 0 }
          const answer = await reserve(redis(), deployment, limits, request, { nowMs: next.atMs })
          if (answer.ok) taken.push(next)
          else {
            expect(next.booked, `refused at its slot: ${JSON.stringify(next)}`).toBe(false)
            due.push({ ...next, atMs: answer.slotAtMs, booked: true })
          }
        }
        for (const { atMs } of taken) {
          const window = taken.filter((other) => other.atMs > atMs - MINUTE && other.atMs <= atMs)
          expect(window.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(1_000)
        }
        const total = jobs.reduce((sum, { tokens }) => sum + tokens, 0)
        const minutes = (taken.at(-1)!.atMs - START) / MINUTE
        // The first minute's worth is there at once; what does not fit in front of a large job is lost, at most its size.
        expect(minutes).toBeLessThanOrEqual((total / (1_000 - 250) - 1) * (122 / 120) + 1)
      }),
      { numRuns: 20 },
    )
  }, 120_000)
})
