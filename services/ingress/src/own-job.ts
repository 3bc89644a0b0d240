import type { Principal } from '@switchyard/accounts/principal'
import { BrokerError } from '@switchyard/contract/broker-error'
import { isJobId } from '@switchyard/contract/ids'
import type { JobRecord } from '@switchyard/contract/job'
import { readJob } from '@switchyard/jobs/read-job'
import type { Ingress } from './ingress.ts'
import { storeCall } from './store-call.ts'

/** The job of that id if it is the caller's. Unknown, malformed and foreign ids are the same `not_found`. */
export async function ownJob(ingress: Ingress, principal: Principal, jobId: string): Promise<JobRecord> {
  const record = isJobId(jobId) ? await storeCall(readJob(ingress.broker.jobs, jobId)) : null
  if (record?.spec.project !== principal.project) {
    throw new BrokerError('not_found', 'There is no such job.', { param: 'job_id' })
  }
  return record
}
