import { runEffectsSoon } from '@switchyard/broker/run-effects'
import { endAttempt } from '@switchyard/jobs/end-attempt'
import type { AttemptBeginning, AttemptEnding } from '@switchyard/jobs/record'
import type { Hold } from './hold.ts'
import { keepTrying } from './keep-trying.ts'
import type { WorkerContext } from './worker-context.ts'

/** An attempt whose call is over, to be closed in the record. */
export interface Closing {
  number: number
  beginning: AttemptBeginning
  ending: AttemptEnding
}

/** Closes an attempt alone: the job goes on here, or has its end (or another owner) already. Closed once, whoever does it. */
export async function closeAttempt(worker: WorkerContext, hold: Hold, closing: Closing): Promise<void> {
  const { rowId } = await keepTrying(hold, () =>
    endAttempt(worker.broker.jobs, hold.jobId, hold.fence, closing.beginning, closing.ending),
  )
  owe(worker, hold, rowId, closing.number)
}

/** Does at once what the end of an attempt owes. */
export function owe(worker: WorkerContext, hold: Hold, rowId: string | null, number: number): void {
  const attempt = hold.attempts.find((candidate) => candidate.number === number)
  if (rowId && attempt) {
    runEffectsSoon(worker.broker, { rowId, jobId: hold.jobId, attempt: number, ended: false }, hold.spec, attempt)
  }
}
