import { cancel } from '@switchyard/broker/cancel'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { ownJob } from '../own-job.ts'
import { storeCall } from '../store-call.ts'
import { jobNow } from './get-job.ts'

/** `POST /v1/jobs/{id}/cancel`: idempotent; the job as it is afterwards, which is unchanged when it had ended before. */
export async function cancelJob(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { job_id } = request.params as { job_id: string }
  const record = await ownJob(ingress, principalOf(request), job_id)
  return jobNow(ingress, (await storeCall(cancel(ingress.broker, record.spec.id))) ?? record)
}
