import type { JobRecord } from '@switchyard/contract/job'
import { toJobObject } from '@switchyard/contract/job-object'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { ownJob } from '../own-job.ts'

/** `GET /v1/jobs/{id}` */
export async function getJob(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { job_id } = request.params as { job_id: string }
  return jobNow(ingress, await ownJob(ingress, principalOf(request), job_id))
}

/** The public job with its place in the lane, where it waits in one and the lane can be asked. */
export async function jobNow(ingress: Ingress, record: JobRecord): Promise<unknown> {
  const { lane, delivery, status, spec } = record
  const position =
    status === 'queued'
      ? await ingress.broker.producer.position(lane, { jobId: spec.id, delivery }).catch(() => null)
      : null
  return toJobObject(record, position)
}
