import type { Principal } from '@switchyard/accounts/principal'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { JobRecord } from '@switchyard/contract/job'
import { jobIdOfResponse } from '@switchyard/contract/openai-responses/response-id'
import { readJob } from '@switchyard/jobs/read-job'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

/** The job of a stored response of the caller's; null for what is unknown, another's, not stored, deleted, or kept no longer. */
export async function findResponse(
  ingress: Ingress,
  principal: Principal,
  responseId: string,
): Promise<JobRecord | null> {
  const jobId = jobIdOfResponse(responseId)
  const record = jobId === null ? null : await storeCall(readJob(ingress.broker.jobs, jobId))
  if (record?.spec.project !== principal.project || record.spec.response?.store !== true) return null
  return record.expiresAtMs !== null && record.expiresAtMs <= Date.now() ? null : record
}

/** The same, or `not_found`. */
export async function ownResponse(ingress: Ingress, principal: Principal, responseId: string): Promise<JobRecord> {
  const record = await findResponse(ingress, principal, responseId)
  if (record === null) {
    throw new BrokerError('not_found', `Response with id '${shown(responseId)}' not found.`, { param: 'response_id' })
  }
  return record
}

/** An id as it may be repeated to its sender. */
export function shown(responseId: string): string {
  return /^[\w-]{1,64}$/.test(responseId) ? responseId : '…'
}
