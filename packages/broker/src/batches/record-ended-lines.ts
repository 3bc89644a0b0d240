import { type LineEnd, recordLineEnds } from '@switchyard/batches/record-line-ends'
import { answerRow, failureRow } from '@switchyard/batches/row-text'
import { totalCostNanoUsd } from '@switchyard/contract/job-object'
import { addUsage, NO_USAGE } from '@switchyard/contract/usage'
import { entombJobs } from '@switchyard/jobs/entomb-jobs'
import type { Broker } from '../broker.ts'
import type { EndedJob } from '../ended-job.ts'

/**
 * What the end of jobs that are lines of batches owes: their rows. Done at most once for each job, however often it is said, so it can be said
 * by whoever settles (with the body in hand), by the outbox and by the feeder (from the records, `endedJob`). A job whose row
 * stands leaves but a trace of itself; call this after its other effects.
 * @returns for each job whether it is done with; false: say it again.
 */
export async function recordEndedLines(broker: Broker, ended: readonly EndedJob[]): Promise<boolean[]> {
  const done = await recordLineEnds(broker.jobs, ended.map(lineEndOf))
  await entombJobs(
    broker.jobs,
    ended.filter((_, i) => done[i]),
  )
  return done
}

function lineEndOf({ spec, status, failure, attempts, body }: EndedJob): LineEnd {
  const { batch, id: jobId, project } = spec
  if (!batch) throw new Error(`${jobId} is no line of a batch`)
  const { customId, line, try: tryNumber } = batch
  return {
    batch: { id: batch.id, project },
    line,
    try: tryNumber,
    outcome: failure === null ? 'ok' : status === 'cancelled' || status === 'expired' ? 'unfinished' : 'error',
    text:
      failure === null
        ? answerRow({ customId, jobId, status: 200, body })
        : failureRow({ customId, jobId, status: failure.status, error: failure.error }),
    usage: attempts.reduce((sum, { usage }) => addUsage(sum, usage ?? NO_USAGE), NO_USAGE),
    costNanoUsd: totalCostNanoUsd(attempts),
    cacheSavedNanoUsd: attempts.reduce((sum, attempt) => sum + (attempt.cacheSavedNanoUsd ?? 0), 0),
  }
}
