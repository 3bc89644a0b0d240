import { fallBack } from '@switchyard/broker/fall-back'
import { settle } from '@switchyard/broker/settle'
import type { Outcome } from '@switchyard/catalog/outcome'
import { releaseJob } from '@switchyard/jobs/release-job'
import { restartLog } from '@switchyard/jobs/restart-log'
import { inTierOf } from '@switchyard/lanes/lane-name'
import type { Verdict } from '@switchyard/lanes/verdict'
import { cancelBooking } from '@switchyard/limits/cancel-booking'
import type { ClosedAttempt } from './attempt.ts'
import { recordQuotaWait } from './attempt-span.ts'
import { type Closing, closeAttempt, owe } from './close-attempt.ts'
import { countOutcome } from './count-outcome.ts'
import type { Hold } from './hold.ts'
import { keepTrying } from './keep-trying.ts'
import { pause } from './pause.ts'
import { markRestart, openLog } from './stream-log.ts'
import type { WorkerContext } from './worker-context.ts'

export type Executed =
  | { kind: 'attempt'; deployment: string }
  | { kind: 'over'; verdict: Verdict }
  /** The log was to be emptied, but somebody has read it meanwhile: decide again. */
  | { kind: 'read' }

const OVER: Executed = { kind: 'over', verdict: { kind: 'done' } }

/** The one place that does what `catalog/outcome` decides. `closed` is the attempt that failed, null when none was begun. */
export async function executeOutcome(
  worker: WorkerContext,
  hold: Hold,
  outcome: Outcome,
  closed: Extract<ClosedAttempt, { kind: 'failed' }> | null,
): Promise<Executed> {
  const { broker } = worker
  const { jobs } = broker
  const ending = closed?.ending ?? null
  const attempt = ending ? { number: ending.number, ending: ending.ending } : undefined

  const waits = outcome.kind === 'defer' && !(closed?.ending === null && hold.passage.isSurplus)
  // A slot was booked for it where it had no capacity. Who does not wait for that (goes elsewhere, or has ended) gives it back.
  if (closed && closed.ending === null && (!waits || hold.reason === 'ended')) {
    cancelBooking(jobs.redis, closed.deployment, closed.lease, broker.limiterClock).catch((error) =>
      broker.onError(error, 'give a booked slot back'),
    )
  }

  if (hold.reason === 'ended') return closeLate(worker, hold, ending)

  if (outcome.kind === 'end') {
    await hold.log?.flushed()
    const settled = await keepTrying(hold, () =>
      settle(
        broker,
        hold.spec,
        { fence: hold.fence },
        { status: outcome.status, failure: outcome.failure, body: null, attempt },
        hold.attempts,
      ),
    )
    return settled ? OVER : closeLate(worker, hold, ending)
  }

  const prepared = await prepareLog(worker, hold, outcome)
  if (prepared === 'read') return { kind: 'read' }
  if (prepared === 'lost') return closeLate(worker, hold, ending)

  // A drain, or a lease that was not renewed, hands the job back instead of trying again here.
  const handBack = hold.reason === 'drain' || hold.reason === 'lease'
  if (outcome.kind === 'retry' && !handBack) {
    await closeLate(worker, hold, ending)
    countOutcome(worker, hold, outcome, closed)
    await pause(outcome.delayMs, hold.signal)
    return { kind: 'attempt', deployment: outcome.deployment }
  }

  if (outcome.kind === 'fall_back') {
    // A batch's line that was moved to an interactive lane, for lack of time, stays among those.
    const lane = inTierOf(hold.claim.record.lane, hold.spec.route.hops[outcome.hop]!.lane)
    const moved = await keepTrying(hold, () =>
      fallBack(broker, hold.spec, {
        delivery: hold.delivery,
        hop: outcome.hop,
        lane,
        fence: hold.fence,
        attempt,
      }),
    )
    if (!moved) return closeLate(worker, hold, ending)
    if (closed?.ending === null) hold.passage.movedOn()
    countOutcome(worker, hold, outcome, closed)
    owe(worker, hold, moved.rowId, ending?.number ?? 0)
    return OVER
  }

  const notBeforeMs = outcome.kind === 'defer' && waits ? outcome.untilMs : null
  const { released, rowId } = await keepTrying(hold, () =>
    releaseJob(jobs, hold.jobId, { fence: hold.fence, notBeforeMs, attempt }),
  )
  if (!released) return closeLate(worker, hold, ending)
  if (outcome.kind === 'defer' && waits) {
    countOutcome(worker, hold, outcome, closed)
    const sinceMs = ending ? hold.nowMs : hold.claim.claimedAtMs
    recordQuotaWait(worker, hold, {
      kind: 'deferred',
      deployment: closed?.deployment ?? null,
      sinceMs,
      untilMs: outcome.untilMs,
    })
  }
  owe(worker, hold, rowId, ending?.number ?? 0)
  // The lane counts by this machine's clock.
  const inMs = notBeforeMs === null ? 0 : notBeforeMs - hold.nowMs
  const untilMs = Date.now() + inMs
  if (waits) hold.passage.putOff(untilMs)
  return { kind: 'over', verdict: { kind: 'delay', untilMs } }
}

async function closeLate(worker: WorkerContext, hold: Hold, ending: Closing | null): Promise<Executed> {
  if (ending) await closeAttempt(worker, hold, ending)
  return OVER
}

async function prepareLog(
  worker: WorkerContext,
  hold: Hold,
  outcome: Exclude<Outcome, { kind: 'end' }>,
): Promise<'ready' | 'read' | 'lost'> {
  if (hold.log === null || outcome.log === 'keep' || outcome.log === 'prefill') return 'ready'
  await hold.log.flushed()
  if (outcome.log === 'mark') {
    await markRestart(hold)
    return 'ready'
  }
  const restarted = await restartLog(worker.broker.jobs, hold.jobId, hold.fence)
  if (restarted.kind !== 'emptied') return restarted.kind
  hold.fence = restarted.fence
  openLog(worker, hold, 0)
  return 'ready'
}
