import type { Deployment } from '@switchyard/catalog/catalog'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { cancelBooking } from '@switchyard/limits/cancel-booking'
import { hasLimits } from '@switchyard/limits/limit-config'
import { type Reservation, type ReserveRequest, reserve } from '@switchyard/limits/reserve'
import { recordQuotaWait } from './attempt-span.ts'
import { noteRefusal } from './head-start.ts'
import type { Hold } from './hold.ts'
import { NEAR_SLOT } from './lane-gate.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * Reserves what the attempt will use of its deployment's quota. Refused means: booked ahead, `retryAfterMs` says how far.
 * `known` is what this lease was answered just now, when it was asked for with the claim.
 */
export async function reserveCapacity(
  worker: WorkerContext,
  hold: Hold,
  deployment: Deployment,
  lease: string,
  known: Reservation | null,
): Promise<{ ok: true; reserved: boolean } | { ok: false; failure: AttemptFailure }> {
  const { limiterClock = {} } = worker.broker
  const limited = hasLimits(deployment.limits)
  const askedAtMs = Date.now()
  const waitUntilMs = askedAtMs + NEAR_SLOT * (limiterClock.minuteMs ?? 60_000)
  let waited = false
  let answer = known
  for (;;) {
    const reserved: Reservation =
      answer ??
      (limited
        ? await reserve(
            worker.broker.jobs.redis,
            deployment.name,
            deployment.limits,
            requestOf(worker, hold, deployment, lease),
            limiterClock,
          )
        : worker.toldWaits.reservation(deployment.name))
    answer = null
    hold.passage.answered(deployment.name, reserved)
    if (reserved.ok) {
      if (waited) {
        recordQuotaWait(worker, hold, {
          kind: 'held',
          deployment: deployment.name,
          sinceMs: askedAtMs,
          untilMs: Date.now(),
        })
      }
      return { ok: true, reserved: limited }
    }
    noteRefusal(worker, deployment.name)
    const waitMs = reserved.slotAtMs - Date.now()
    if (hold.signal.aborted || reserved.slotAtMs > waitUntilMs) {
      return {
        ok: false,
        failure: {
          class: 'rate_limited',
          message: `no capacity left (${reserved.waitingFor})`,
          status: null,
          retryAfterMs: Math.max(0, waitMs),
        },
      }
    }
    waited = true
    await worker.slotWaits.wait(deployment.name, Math.max(1, waitMs), hold.signal)
  }
}

function requestOf(
  worker: WorkerContext,
  { spec, passage }: Hold,
  { name }: Deployment,
  lease: string,
): ReserveRequest {
  const { inputTokens, outputTokens } = spec.estimate
  const counted = worker.calibration.inputTokens(name, inputTokens)
  return { lease, inputTokens: counted, outputTokens, batch: passage.batch }
}

/** The same without any wait: false where there is no capacity now, or the limiter did not answer. */
export async function reserveAtOnce(
  worker: WorkerContext,
  hold: Hold,
  deployment: Deployment,
  lease: string,
): Promise<boolean> {
  const { name, limits } = deployment
  if (!hasLimits(limits)) return worker.toldWaits.reservation(name).ok
  const { jobs, limiterClock, onError } = worker.broker
  try {
    const { ok } = await reserve(jobs.redis, name, limits, requestOf(worker, hold, deployment, lease), limiterClock)
    if (!ok) await cancelBooking(jobs.redis, name, lease, limiterClock)
    return ok
  } catch (error) {
    onError(error, 'reserve for a hedge')
    return false
  }
}
