import type { JobRecord } from '@switchyard/contract/job'
import { type JobObject, toJobObject } from '@switchyard/contract/job-object'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { ownJob } from '../own-job.ts'
import { standingsOf } from '../standings-of.ts'

/** `GET /v1/jobs/{id}` */
export async function getJob(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { job_id } = request.params as { job_id: string }
  return jobNow(ingress, await ownJob(ingress, principalOf(request), job_id))
}

/** The public job with how it stands in its lane, where it waits in one. */
export async function jobNow(ingress: Ingress, record: JobRecord): Promise<JobObject> {
  const [standing] = await standingsOf(ingress, [record])
  return toJobObject(record, standing)
}
