import type { JobRecord } from '@switchyard/contract/job'
import { jobUrl } from '@switchyard/contract/job-object'
import type { FastifyReply } from 'fastify'
import type { AdmittedJob } from './chat/admit-chat.ts'
import { jobNow } from './endpoints/get-job.ts'
import { enqueue } from './enqueue.ts'
import type { Ingress } from './ingress.ts'
import { queuedRecord } from './queued-record.ts'

/** `Prefer: respond-async`: 202 and the job, as soon as it is stored. */
export async function answerLater(ingress: Ingress, job: AdmittedJob, reply: FastifyReply): Promise<FastifyReply> {
  await enqueue(ingress, job, null)
  return sendAccepted(ingress, reply, job.stored ?? queuedRecord(job.spec), 'respond-async')
}

/** 202, `Location`, and the job as body; `applied`: the preference that brought it about (RFC 7240 §3). */
export async function sendAccepted(
  ingress: Ingress,
  reply: FastifyReply,
  record: JobRecord,
  applied: string,
): Promise<FastifyReply> {
  const { id } = record.spec
  const body = await jobNow(ingress, record)
  return reply
    .code(202)
    .headers({ location: jobUrl(id), 'x-request-id': id, 'preference-applied': applied })
    .send(body)
}
