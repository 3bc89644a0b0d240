import { OUTCOME_TABLE } from '@switchyard/catalog/outcome-table'
import { attemptId } from '@switchyard/contract/ids'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import { CallStop } from './call-stop.ts'
import { closeAttempt } from './close-attempt.ts'
import { giveBack } from './give-back.ts'
import { hedgeTarget, mayHedge, usualMs } from './hedge-plan.ts'
import type { Hold } from './hold.ts'
import { keepTrying } from './keep-trying.ts'
import { type EndedCall, makeCall, type Question } from './make-call.ts'
import { beginningOf, type OpenAttempt } from './open-attempt.ts'
import { pause } from './pause.ts'
import { Race } from './race.ts'
import { reserveAtOnce } from './reserve-capacity.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * The call of a job whose model is hedged. It runs alone until its usual time for a first token has passed; then a second attempt is
 * opened beside it, at the next deployment of the route, and the one that has content first goes on alone. Gives the call that counts:
 * the one that won, or else failed last. The other is closed by then, and nothing of it was ever in the log.
 */
export async function makeHedgedCall(
  worker: WorkerContext,
  hold: Hold,
  first: OpenAttempt,
  question: Question,
): Promise<EndedCall> {
  if (first.beginning.number === 1) worker.hedges.earn()
  const seen = worker.health.watch.observed(first.beginning.deployment)
  const lateAfterMs = mayHedge(worker, hold, question.prefill) ? usualMs(hold.spec, seen) : null
  if (lateAfterMs === null) return makeCall(worker, hold, first, question)
  const race = new Race()
  race.enter(first)
  const call = makeCall(worker, hold, first, question)
  const close = () => race.close()
  call.then(close, close)
  await pause(lateAfterMs, race.over)
  const second = race.over.aborted ? null : await openHedge(worker, hold, first, race)
  if (!second) return call
  race.enter(second)
  try {
    const counts = await finish(worker, hold, race, first, [call, makeCall(worker, hold, second, question)])
    const outcome = race.winner === null ? 'failed' : race.winner === second ? 'won' : 'lost'
    const { deployment } = second.beginning
    worker.telemetry.metrics.counter('switchyard_hedges_total').add({ deployment, outcome })
    return counts
  } catch (error) {
    for (const { stop } of [first, second]) stop?.stop('outrun')
    throw error
  }
}

/** The second attempt, written down; null where there is nobody to ask, no capacity, no budget left, or no need any more. */
async function openHedge(
  worker: WorkerContext,
  hold: Hold,
  first: OpenAttempt,
  { over }: Race,
): Promise<OpenAttempt | null> {
  const target = hedgeTarget(worker, hold, first)
  if (!target || !worker.hedges.take()) return null
  const number = first.beginning.number + 1
  const id = attemptId(hold.jobId, number)
  const reserved = await reserveAtOnce(worker, hold, target.deployment, id)
  if (!reserved || over.aborted || hold.signal.aborted) {
    if (reserved) await giveBack(worker, target.deployment, id)
    worker.hedges.giveBack()
    return null
  }
  hold.lease(target.deployment.name, id)
  const beginning = { ...beginningOf(hold, target, number, target.hop), hedge: true as const }
  const { owned } = await keepTrying(hold, () => beginAttempt(worker.broker.jobs, hold.jobId, beginning))
  if (!owned) {
    hold.unlease(id)
    await giveBack(worker, target.deployment, id)
    return null
  }
  return { id, target, beginning, onTrial: false, stop: new CallStop(hold.signal), meter: null, racer: null }
}

async function finish(
  worker: WorkerContext,
  hold: Hold,
  race: Race,
  first: OpenAttempt,
  [one, two]: [Promise<EndedCall>, Promise<EndedCall>],
): Promise<EndedCall> {
  const early = await Promise.race([one, two])
  const late = early.open === first ? two : one
  if (early.open === first && isFinal(early)) early.open.racer?.win()
  const earlyCounts = race.winner === early.open
  const [other, counts] = earlyCounts ? [await late, early] : [early, late]
  const closing = { number: other.open.beginning.number, beginning: other.open.beginning, ending: other.ending }
  const [call] = await Promise.all([counts, closeAttempt(worker, hold, closing)])
  // What is decided on stands last.
  const { number } = call.open.beginning
  hold.attempts = hold.attempts.toSorted((a, b) => Number(a.number === number) - Number(b.number === number))
  return call
}

/** A failure that nobody else is to be asked about: the caller's own error, or a refusal of what was asked. */
function isFinal({ failure }: EndedCall): boolean {
  return failure !== null && OUTCOME_TABLE[failure.class].elsewhere !== 'any'
}
