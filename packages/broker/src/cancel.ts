import { failure } from '@switchyard/contract/broker-error'
import { isTerminal, type JobRecord } from '@switchyard/contract/job'
import { readJob } from '@switchyard/jobs/read-job'
import { cancelMessage } from '@switchyard/jobs/worker-inbox'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Broker } from './broker.ts'
import { settle } from './settle.ts'
import { shareOf } from './share-of.ts'

/**
 * A cancel is a settle: the first terminal status wins and its owner is told to abort the call. Cancelling what has ended changes
 * nothing. Gives the record as it is afterwards, null when there is no such job.
 */
export async function cancel(broker: Broker, jobId: string): Promise<JobRecord | null> {
  const record = await readJob(broker.jobs, jobId)
  if (!record || isTerminal(record.status)) return record
  const settled = await settle(
    broker,
    record.spec,
    { any: true },
    { status: 'cancelled', failure: failure('job_cancelled', 'The job was cancelled.'), body: null },
    record.attempts,
  )
  if (settled?.owner) {
    await pipelineBySlot(broker.jobs.redis, [cancelMessage(settled.owner, jobId)])
  } else {
    const delivery = { jobId, delivery: record.delivery }
    broker.producer
      .remove(record.lane, delivery, shareOf(record.spec))
      .catch((error) => broker.onError(error, 'remove from a lane'))
  }
  return readJob(broker.jobs, jobId)
}
