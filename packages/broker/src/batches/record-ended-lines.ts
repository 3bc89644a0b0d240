import { type LineEnd, recordLineEnds } from '@switchyard/batches/record-line-ends'
import { answerRow, failureRow } from '@switchyard/batches/row-text'
import { BrokerError, failure, type JobFailure } from '@switchyard/contract/broker-error'
import type { Attempt, JobRecord, JobSpec, TerminalStatus } from '@switchyard/contract/job'
import { totalCostNanoUsd } from '@switchyard/contract/job-object'
import { addUsage, NO_USAGE } from '@switchyard/contract/usage'
import { entombJobs } from '@switchyard/jobs/entomb-jobs'
import { readResult } from '@switchyard/jobs/read-result'
import type { Broker } from '../broker.ts'

/** A job that has ended, as whoever settled it knows it or as its record tells. */
export interface EndedJob {
  spec: JobSpec
  status: TerminalStatus
  failure: JobFailure | null
  /** All of them, the last one closed. */
  attempts: Attempt[]
  /** The answer of a completed job that was not streamed. */
  body: string
  resultBlob: string | null
}

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

/** What `recordEndedLines` needs, from the record of an ended job. An answer that is gone is an error of ours. */
export async function endedJob(broker: Broker, record: JobRecord): Promise<EndedJob> {
  const { spec, attempts, resultBlob } = record
  const status = record.status as TerminalStatus
  if (record.failure) return { spec, status, failure: record.failure, attempts, body: '', resultBlob }
  try {
    const { body } = await readResult(broker.jobs, record)
    return { spec, status, failure: null, attempts, body: body.toString(), resultBlob }
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    const lost = failure('internal_error', 'The answer was lost before it could be written to the batch.')
    return { spec, status: 'failed', failure: lost, attempts, body: '', resultBlob }
  }
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
  }
}
