import { runEffectsSoon } from '@switchyard/broker/run-effects'
import { attemptId } from '@switchyard/contract/ids'
import { type ClaimVerdict, claimJob } from '@switchyard/jobs/claim-job'
import { endAttempt } from '@switchyard/jobs/end-attempt'
import type { AttemptEnding } from '@switchyard/jobs/record'
import { withdrawAttempt } from '@switchyard/jobs/withdraw-attempt'
import type { Delivery } from '@switchyard/lanes/delivery'
import { hasLimits } from '@switchyard/limits/limit-config'
import { reserve } from '@switchyard/limits/reserve'
import { writeTogether } from '@switchyard/redis/coalesce-writes'
import { estimateCost } from './bill-attempt.ts'
import { giveBack } from './give-back.ts'
import type { HeadStart, Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** A deployment that refused is not asked ahead of a claim for so long: a saturated lane would do everything twice. */
const REST_MS = 1_000

/** Notes that a deployment had no capacity just now. */
export function noteRefusal(worker: WorkerContext, deployment: string): void {
  worker.restUntil.set(deployment, performance.now() + REST_MS)
}

/**
 * Claims a delivery. Where its message names the first choice, that deployment's capacity is asked for side by side and the claim
 * writes the attempt down, so that the call can start after one round trip. Both are taken back where the other was refused.
 */
export async function claimAhead(
  worker: WorkerContext,
  delivery: Delivery,
  batch: boolean,
): Promise<{ verdict: ClaimVerdict; headStart: HeadStart | null }> {
  const { owner, suspect, broker } = worker
  const prepared = prepare(worker, delivery)
  if (!prepared) return { verdict: await claimJob(broker.jobs, delivery, { owner, suspect }), headStart: null }
  const { target, beginning } = prepared
  const { deployment } = target
  const limited = hasLimits(deployment.limits)
  const lease = attemptId(delivery.jobId, beginning.number)
  if (limited) writeTogether(broker.jobs.redis)
  const [reserved, claimed] = await Promise.allSettled([
    limited
      ? reserve(
          broker.jobs.redis,
          deployment.name,
          deployment.limits,
          {
            lease,
            inputTokens: worker.calibration.inputTokens(deployment.name, beginning.estimate.inputTokens),
            outputTokens: beginning.estimate.outputTokens,
            batch,
          },
          broker.limiterClock,
        )
      : null,
    claimJob(broker.jobs, delivery, { owner, suspect, beginning, trial: limited }),
  ])
  const verdict = claimed.status === 'fulfilled' ? claimed.value : null
  if (verdict?.kind !== 'claimed') {
    if (limited && !verdict?.tried)
      giveBack(worker, target.deployment, lease).catch((error) => broker.onError(error, 'give back'))
    if (claimed.status === 'rejected') throw claimed.reason
    return { verdict: claimed.value, headStart: null }
  }
  const { begun, record } = verdict.claim
  const reservation = reserved.status === 'fulfilled' ? reserved.value : null
  if (reservation?.ok === false) noteRefusal(worker, deployment.name)
  // Not its first owner: whatever that lease stands for is an earlier attempt's.
  if (record.attempts.length > 0) return { verdict, headStart: null }
  return { verdict, headStart: { target, beginning, begun, reservation } }
}

function prepare(worker: WorkerContext, { first }: Delivery): Pick<HeadStart, 'target' | 'beginning'> | null {
  if (!first || worker.suspect) return null
  const target = worker.upstreams().usable.get(first.deployment)
  // One that is not well is entered by its breaker, or gone past.
  if (worker.health.watch.outUntilMs(first.deployment) !== null || !worker.health.budget.allows(first.deployment)) {
    return null
  }
  if (!target || (worker.restUntil.get(first.deployment) ?? 0) > performance.now()) return null
  if (!worker.toldWaits.reservation(first.deployment).ok) return null
  const estimate = { inputTokens: first.inputTokens, outputTokens: first.outputTokens }
  const { deployment, upstream } = target
  return {
    target,
    beginning: {
      number: 1,
      fence: 1,
      hop: 0,
      deployment: deployment.name,
      provider: deployment.provider.name,
      model: upstream.model,
      simulated: upstream.simulated,
      dropped: first.drop,
      startedAtMs: Date.now(),
      estimate: { ...estimate, costNanoUsd: estimateCost(deployment, estimate) },
    },
  }
}

/** An attempt that was written down and has no capacity is taken back; the job then goes on as one that was only claimed. */
export async function checkHeadStart(worker: WorkerContext, hold: Hold): Promise<void> {
  const { headStart } = hold
  if (!headStart?.begun) return
  const { target, reservation } = headStart
  if (reservation?.ok || !hasLimits(target.deployment.limits)) return
  const withdrawn = await withdraw(worker, hold, headStart)
  hold.headStart = withdrawn ? { ...headStart, begun: false } : null
}

/** What stands ready for this attempt. An attempt that is written down stays on the hold until its call is made. */
export function takeHeadStart(hold: Hold, deployment: string, number: number): HeadStart | null {
  const { headStart } = hold
  if (!headStart || number !== headStart.beginning.number || deployment !== headStart.beginning.deployment) return null
  if (!headStart.begun) hold.headStart = null
  return headStart
}

/** The call will not be made: what was reserved for it is free again, and nothing is left of the attempt. */
export async function abandonHeadStart(worker: WorkerContext, hold: Hold): Promise<void> {
  const { headStart } = hold
  if (!headStart) return
  hold.headStart = null
  const { target, beginning, begun, reservation } = headStart
  if (reservation) await giveBack(worker, target.deployment, attemptId(hold.jobId, beginning.number))
  if (begun) await withdraw(worker, hold, headStart)
}

/** False: the job has ended or moved on meanwhile. The attempt is ended then, at no cost. */
async function withdraw(worker: WorkerContext, hold: Hold, { beginning }: HeadStart): Promise<boolean> {
  const { jobs } = worker.broker
  if ((await withdrawAttempt(jobs, hold.jobId, beginning.fence)).withdrawn) return true
  const ending: AttemptEnding = {
    status: 'released',
    dropped: beginning.dropped,
    errorClass: null,
    errorMessage: 'the call was not made',
    httpStatus: null,
    ttftMs: null,
    durationMs: Date.now() - beginning.startedAtMs,
    usage: null,
    usageSource: 'none',
    costNanoUsd: 0,
    priceId: null,
  }
  const { rowId } = await endAttempt(jobs, hold.jobId, hold.fence, beginning, ending)
  const attempt = { ...beginning, ...ending }
  hold.attempts = [...hold.attempts, attempt]
  const row = { rowId: rowId ?? '', jobId: hold.jobId, attempt: attempt.number, ended: false }
  if (rowId) runEffectsSoon(worker.broker, row, hold.spec, attempt)
  return false
}
