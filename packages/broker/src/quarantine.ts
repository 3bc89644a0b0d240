import { failure } from '@switchyard/contract/broker-error'
import type { JobRecord } from '@switchyard/contract/job'
import type { Broker } from './broker.ts'
import { settle } from './settle.ts'

/** Three workers vanished with this job, the last one while it ran alone: it is not given a fourth. */
export async function quarantine(broker: Broker, record: JobRecord): Promise<void> {
  await settle(
    broker,
    record.spec,
    { queuedDelivery: record.delivery },
    {
      status: 'failed',
      failure: failure(
        'job_quarantined',
        'Every worker that ran this job crashed, the last one running nothing else. It will not be run again.',
      ),
      body: null,
    },
    record.attempts,
  )
}
