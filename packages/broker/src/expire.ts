import { failure } from '@switchyard/contract/broker-error'
import type { JobRecord } from '@switchyard/contract/job'
import type { Broker } from './broker.ts'
import { settle } from './settle.ts'

/** A queued job's deadline has passed: it is not run. */
export async function expire(broker: Broker, record: JobRecord): Promise<void> {
  await settle(
    broker,
    record.spec,
    { queuedDelivery: record.delivery },
    {
      status: 'expired',
      failure: failure('deadline_exceeded', 'The deadline passed before the job could be run.'),
      body: null,
    },
    record.attempts,
  )
}
