import type { Deployment } from '@switchyard/catalog/catalog'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { hasLimits } from '@switchyard/limits/limit-config'
import { reserve } from '@switchyard/limits/reserve'
import { recordQuotaWait } from './attempt-span.ts'
import type { Hold } from './hold.ts'
import { pause } from './pause.ts'
import type { WorkerContext } from './worker-context.ts'

/** A slot this near is waited for in the worker; for a later one the job is deferred or falls back. */
const WAIT_IN_PLACE_MS = 2_000

/** Reserves what the attempt will use of its deployment's quota. Refused means: booked ahead, `retryAfterMs` says how far. */
export async function reserveCapacity(
  worker: WorkerContext,
  hold: Hold,
  deployment: Deployment,
  lease: string,
): Promise<{ ok: true; reserved: boolean } | { ok: false; failure: AttemptFailure }> {
  if (!hasLimits(deployment.limits)) return { ok: true, reserved: false }
  const askedAtMs = Date.now()
  const waitUntilMs = askedAtMs + WAIT_IN_PLACE_MS
  let waited = false
  for (;;) {
    const reserved = await reserve(worker.broker.jobs.redis, deployment.name, deployment.limits, {
      lease,
      ...hold.spec.estimate,
    })
    if (reserved.ok) {
      if (waited) recordQuotaWait(worker, hold, deployment.name, askedAtMs)
      return { ok: true, reserved: true }
    }
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
    await pause(Math.max(1, waitMs), hold.signal)
  }
}
