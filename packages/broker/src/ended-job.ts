import { BrokerError, failure, type JobFailure } from '@switchyard/contract/broker-error'
import type { Attempt, JobRecord, JobSpec, TerminalStatus } from '@switchyard/contract/job'
import { readResult } from '@switchyard/jobs/read-result'
import type { Broker } from './broker.ts'

/** A job that has ended, as whoever settled it knows it or as its record tells. */
export interface EndedJob {
  spec: JobSpec
  status: TerminalStatus
  failure: JobFailure | null
  endedAtMs: number
  /** All of them, the last one closed. */
  attempts: Attempt[]
  /** The answer of a completed job that was not streamed. */
  body: string
  resultBlob: string | null
}

/**
 * What is owed at the end of a job, from its record. The answer is read for lines of batches alone, which take it along; one that is
 * gone is an error of ours.
 */
export async function endedJob(broker: Broker, record: JobRecord): Promise<EndedJob> {
  const { spec, attempts, resultBlob } = record
  const ended = {
    spec,
    status: record.status as TerminalStatus,
    failure: record.failure,
    endedAtMs: record.completedAtMs ?? Date.now(),
    attempts,
    body: '',
    resultBlob,
  }
  if (ended.failure !== null || !spec.batch) return ended
  try {
    const { body } = await readResult(broker.jobs, record)
    return { ...ended, body: body.toString() }
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    const lost = failure('internal_error', 'The answer was lost before it could be written to the batch.')
    return { ...ended, status: 'failed', failure: lost }
  }
}
