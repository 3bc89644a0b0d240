import { OUTCOME_TABLE } from '@switchyard/catalog/outcome-table'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { attemptId } from '@switchyard/contract/ids'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import type { AttemptBeginning } from '@switchyard/jobs/record'
import { estimateCost } from './bill-attempt.ts'
import { CallStop } from './call-stop.ts'
import { allowanceOf, type CostMeter } from './cost-cap.ts'
import { enterDeployment, leaveDeployment, whyUnwell } from './enter-deployment.ts'
import { giveBack } from './give-back.ts'
import { abandonHeadStart, takeHeadStart } from './head-start.ts'
import type { Hold } from './hold.ts'
import { interpret } from './interpret.ts'
import type { Racer } from './race.ts'
import { reserveCapacity } from './reserve-capacity.ts'
import type { UsableDeployment } from './upstreams.ts'
import type { WorkerContext } from './worker-context.ts'

/** An attempt that is written down and has its capacity. Its call is due, and then its end. */
export interface OpenAttempt {
  /** Its effects' id, under which its capacity is reserved. */
  id: string
  target: UsableDeployment
  beginning: AttemptBeginning
  /** Written down with the claim, and shown to nobody until its call is made. */
  onTrial: boolean
  /** Ends this call alone; null: nothing will. */
  stop: CallStop | null
  /** Of a job with a cost cap. */
  meter: CostMeter | null
  /** Where it may not be the only one. */
  racer: Racer | null
}

export type Opened =
  | { kind: 'open'; open: OpenAttempt }
  /** No call: no such deployment here, no capacity, or the job was stopped. `id` is what its capacity would have been reserved under. */
  | { kind: 'refused'; id: string; failure: AttemptFailure }
  /** The job has ended, or is no longer ours. */
  | { kind: 'lost' }

/** Resolves the deployment, reserves capacity, and writes the attempt down with its estimate before its first byte leaves. */
export async function openAttempt(worker: WorkerContext, hold: Hold, deployment: string): Promise<Opened> {
  const number = hold.attempts.length + 1
  const id = attemptId(hold.jobId, number)
  const refused = (failure: AttemptFailure): Opened => ({ kind: 'refused', id, failure })
  const headStart = takeHeadStart(hold, deployment, number)
  const begun = headStart?.begun ? headStart.beginning : null
  const target = headStart?.target ?? worker.upstreams().usable.get(deployment)
  if (!target) return refused({ class: 'not_found', message: 'no longer served by this worker', status: null })

  const unwell = begun ? null : whyUnwell(worker, hold, deployment)
  if (unwell) return refused(unwell)
  const capacity = await reserveCapacity(worker, hold, target.deployment, id, headStart?.reservation ?? null)
  if (!capacity.ok) return refused(capacity.failure)
  const allowance = allowanceOf(hold, target)
  if (hold.signal.aborted || !allowance.ok) {
    if (begun) await abandonHeadStart(worker, hold)
    else await giveBack(worker, target.deployment, id)
    return refused(
      allowance.ok
        ? interpret(hold, { class: 'cancelled', message: 'stopped before the call', status: null })
        : { class: 'cost_limit', message: allowance.message, status: null },
    )
  }

  // Others may have failed there while this one waited for its place.
  const entered = begun ? null : await enterDeployment(worker, hold, target.deployment, id)
  if (entered?.ok === false) {
    await giveBack(worker, target.deployment, id)
    return refused(entered.failure)
  }
  if (capacity.reserved) hold.lease(deployment, id)
  const beginning = begun ?? beginningOf(hold, target, number, hold.hop)
  if (!begun && !(await beginAttempt(worker.broker.jobs, hold.jobId, beginning)).owned) {
    hold.unlease(id)
    leaveDeployment(worker, hold, id)
    await giveBack(worker, target.deployment, id)
    return { kind: 'lost' }
  }
  hold.headStart = null
  countStart(worker, hold)
  countCall(worker, hold, deployment)
  const { meter } = allowance
  const stop = hold.spec.hedge || meter ? new CallStop(hold.signal) : null
  const onTrial = begun !== null && capacity.reserved
  return { kind: 'open', open: { id, target, beginning, onTrial, stop, meter, racer: null } }
}

/** A delivery counts once, however many attempts are made of it. */
function countStart({ lanes }: WorkerContext, { claim, fence, attempts, spec }: Hold): void {
  if (attempts.some((earlier) => earlier.fence === fence)) return
  lanes.started(claim.record.lane, spec.estimate.inputTokens + spec.estimate.outputTokens)
}

/** What a call costs whose budget: a first one nobody's, a further one that of the deployment whose failure it makes good. */
function countCall({ health }: WorkerContext, hold: Hold, deployment: string): void {
  const failed = hold.attempts.findLast(({ errorClass }) => errorClass && OUTCOME_TABLE[errorClass].here === 'once')
  if (failed) health.budget.extra(failed.deployment)
  else health.budget.first(deployment)
}

/** What is written down of an attempt at a deployment of that hop. */
export function beginningOf(hold: Hold, target: UsableDeployment, number: number, hop: number): AttemptBeginning {
  const { deployment, upstream } = target
  const { route, estimate } = hold.spec
  const routed = route.hops[hop]!.deployments.find(({ id }) => id === deployment.name)
  return {
    number,
    fence: hold.fence,
    hop,
    deployment: deployment.name,
    provider: deployment.provider.name,
    model: upstream.model,
    simulated: upstream.simulated,
    dropped: routed?.drop ?? [],
    startedAtMs: Date.now(),
    estimate: { ...estimate, costNanoUsd: estimateCost(deployment, estimate) },
  }
}
