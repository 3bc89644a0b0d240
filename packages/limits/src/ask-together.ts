import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { limitArg, limitArgs, whole } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

/** What the script answers to one call: granted, or its slot and the code of what it waits for. */
export type Answer = 1 | [slotAtMs: number, code: string]

/** Bounds how long one script keeps Redis busy: calls that stand in line cost it up to 100 µs each. */
const CALLS_PER_SCRIPT = 64

interface Batch {
  limits: DeploymentLimits
  leaseMs: number
  nowMs: number
  minuteMs: number
  /** What is refused in the limits is refused before anybody joins. */
  head: number[]
  places: number
  leases: string[]
  /** Of each call its input and output tokens, and 1 where it is of a batch. */
  amounts: number[]
  callers: { resolve(answer: Answer): void; reject(error: unknown): void }[]
}

/** The batch that the next call of a deployment may join. */
const open = new WeakMap<RedisClient, Map<string, Batch>>()

/**
 * One call of `reserve`. Those of one deployment that are made in one event-loop turn go in one script, in the order in which they
 * were made, and each gets its own answer. Costs no latency: nothing waits beyond the turn's own microtasks. Under load, when
 * Redis' answers bring many jobs at once, a script carries several; it costs about 20 µs, and 5 µs for each call beyond the first.
 */
export function askTogether(
  redis: RedisClient,
  deployment: string,
  limits: DeploymentLimits,
  call: { lease: string; inputTokens: number; outputTokens: number; batch: boolean; leaseMs: number },
  clock: LimiterClock | undefined,
): Promise<Answer> {
  let batches = open.get(redis)
  if (!batches) {
    batches = new Map()
    open.set(redis, batches)
  }
  let batch = batches.get(deployment)
  if (!batch || !mayJoin(batch, limits, call.leaseMs, clock)) {
    batch = begin(limits, call.leaseMs, clock)
    batches.set(deployment, batch)
    process.nextTick(send, redis, deployment, batches, batch)
  }
  batch.leases.push(call.lease)
  batch.amounts.push(whole(call.inputTokens), whole(call.outputTokens), call.batch ? 1 : 0)
  const { callers } = batch
  return new Promise((resolve, reject) => callers.push({ resolve, reject }))
}

function mayJoin(batch: Batch, limits: DeploymentLimits, leaseMs: number, clock: LimiterClock | undefined): boolean {
  if (batch.callers.length >= CALLS_PER_SCRIPT || batch.limits !== limits || batch.leaseMs !== leaseMs) return false
  const [nowMs, minuteMs] = clockArgs(clock)
  return batch.nowMs === nowMs && batch.minuteMs === minuteMs
}

function begin(limits: DeploymentLimits, leaseMs: number, clock: LimiterClock | undefined): Batch {
  const [nowMs, minuteMs] = clockArgs(clock)
  const head = [nowMs, minuteMs, ...limitArgs(limits)]
  return {
    limits,
    leaseMs,
    nowMs,
    minuteMs,
    head,
    places: limitArg(limits.inFlight),
    leases: [],
    amounts: [],
    callers: [],
  }
}

function send(redis: RedisClient, deployment: string, batches: Map<string, Batch>, batch: Batch): void {
  if (batches.get(deployment) === batch) batches.delete(deployment)
  const { head, leases, leaseMs, places, amounts } = batch
  const args = [...head, leases.length, ...leases, leaseMs, places, ...amounts]
  runScript(redis, scripts.reserve, limiterKeys(deployment), args).then(
    (answers) => {
      batch.callers.forEach(({ resolve }, i) => {
        resolve((answers as Answer[])[i]!)
      })
    },
    (error) => {
      for (const { reject } of batch.callers) reject(error)
    },
  )
}
