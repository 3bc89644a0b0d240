import type { JobSpec } from '@switchyard/contract/job'
import type { JobEnd } from '@switchyard/jobs/follower'
import { readJob } from '@switchyard/jobs/read-job'
import { readResult, type StoredResult } from '@switchyard/jobs/read-result'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { startSpan } from '@switchyard/telemetry/spans'
import type { FastifyReply } from 'fastify'
import { finishedHeaders } from './answer-headers.ts'
import { sendAccepted } from './answer-later.ts'
import { bookCached } from './cache/book-cached.ts'
import type { AdmittedJob } from './chat/admit-chat.ts'
import { enqueue } from './enqueue.ts'
import { failureHeaders } from './failure-headers.ts'
import type { Ingress } from './ingress.ts'
import { queuedRecord } from './queued-record.ts'
import { storeCall } from './store-call.ts'
import { waitForEnd } from './wait-for-end.ts'

/** One JSON answer: waits for the job's end, however long, or with `Prefer: wait=N` at most N seconds, then 202 and the job. */
export async function answerOnce(ingress: Ingress, job: AdmittedJob, reply: FastifyReply): Promise<FastifyReply> {
  const { spec, preference, span } = job
  const deliver = startSpan(ingress.telemetry, SPAN.deliver, {
    parent: span.traceparent,
    attributes: { [ATTR.jobId]: spec.id, [ATTR.deliveryMode]: 'wait' },
  })
  const forMs = preference.kind === 'wait' ? preference.seconds * 1000 : null
  const wait = waitForEnd(ingress, spec.id, reply.raw, { forMs, created: job.stored === null })
  try {
    await enqueue(ingress, job, 'end')
    const end = await wait.end
    if (end === 'left') return reply.hijack()
    if (end === 'late')
      return await sendAccepted(ingress, reply, await recordNow(ingress, spec), `wait=${forMs! / 1000}`)
    deliver.set({ [ATTR.jobStatus]: end.status })
    if (job.cached === null) return await sendEnd(ingress, spec, end, reply)
    if (job.cached.how === 'shared') await bookCached(ingress, job)
    return await sendEnd(ingress, spec, { ...end, costNanoUsd: 0 }, reply)
  } finally {
    wait.close()
    deliver.end()
  }
}

async function sendEnd(ingress: Ingress, spec: JobSpec, end: JobEnd, reply: FastifyReply): Promise<FastifyReply> {
  if (end.failure) {
    reply.code(end.failure.status).headers({ ...failureHeaders(end.failure), ...finishedHeaders(spec.id, end) })
    return reply.send(JSON.stringify({ error: end.failure.error }))
  }
  const { status, body } = end.result ?? (await storedResult(ingress, spec))
  reply.code(status).headers({ 'content-type': 'application/json', ...finishedHeaders(spec.id, end) })
  return reply.send(body)
}

/** The end came without the body: it was too large for its frame, or the frame was missed. */
async function storedResult(ingress: Ingress, spec: JobSpec): Promise<StoredResult> {
  const { jobs } = ingress.broker
  const record = await storeCall(readJob(jobs, spec.id))
  return storeCall(readResult(jobs, record ?? queuedRecord(spec)))
}

/** The job is stored and its caller gets it, even if the store does not answer just now. */
async function recordNow(ingress: Ingress, spec: JobSpec) {
  const record = await readJob(ingress.broker.jobs, spec.id).catch(() => null)
  return record ?? queuedRecord(spec)
}
