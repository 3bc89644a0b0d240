import { readResult } from '@switchyard/jobs/read-result'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { finishedHeaders, finishedOf } from '../answer-headers.ts'
import { failureHeaders } from '../failure-headers.ts'
import type { Ingress } from '../ingress.ts'
import { ownJob } from '../own-job.ts'
import { storeCall } from '../store-call.ts'

/** `GET /v1/jobs/{id}/result`: status, headers and body that a waiting client would have had. */
export async function getJobResult(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { job_id } = request.params as { job_id: string }
  const record = await ownJob(ingress, principalOf(request), job_id)
  const { status, body } = await storeCall(readResult(ingress.broker.jobs, record))
  return reply
    .code(status)
    .headers({
      'content-type': 'application/json',
      ...(record.failure && failureHeaders(record.failure)),
      ...finishedHeaders(record.spec.id, finishedOf(record)),
    })
    .send(body)
}
