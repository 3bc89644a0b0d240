import type { JobRecord } from '@switchyard/contract/job'
import { KEEP_MS } from '@switchyard/jobs/durations'
import { claimIdempotencyKey, findIdempotencyKey, fingerprintOf, type KeyClaim } from '@switchyard/jobs/idempotency'
import { keepJob } from '@switchyard/jobs/keep-job'
import { readJob } from '@switchyard/jobs/read-job'
import { ATTR } from '@switchyard/telemetry/attributes'
import type { SpanHandle } from '@switchyard/telemetry/spans'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { shareAnswer } from '../cache/share-answer.ts'
import { type AdmittedJob, refuseWaitedStream } from '../chat/admit-chat.ts'
import { enqueue } from '../enqueue.ts'
import type { Ingress } from '../ingress.ts'
import { readPrefer } from '../prefer.ts'
import { queuedRecord } from '../queued-record.ts'
import { storeCall } from '../store-call.ts'
import { keyReused, REPLAYED, readIdempotencyKey } from './read-idempotency-key.ts'

/**
 * Admits a request under its `Idempotency-Key`: the same body is the same job, whatever state that is in, found before anything of the
 * request is judged again (its deadline may have passed, its model be away). The row is written between admission and the job: what is
 * refused leaves none. A row without a job is of a request that is making it just now, or died: then it is made here, which changes nothing
 * for whoever was first. Without a key it is `admit` and, where asked, `shareAnswer`. Throws `idempotency_key_reused` for another body.
 */
export async function admitOnce(
  ingress: Ingress,
  call: { request: FastifyRequest; reply: FastifyReply; span: SpanHandle; endpoint: string },
  admit: () => Promise<AdmittedJob>,
): Promise<AdmittedJob> {
  const { request, reply, span } = call
  const key = readIdempotencyKey(request)
  if (key === undefined) {
    const job = await admit()
    return job.digest === null || reply.raw.destroyed ? job : shareAnswer(ingress, job)
  }
  const { jobs } = ingress.broker
  // Of the bytes as they came: reading large ones takes them away.
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const keyed = { project: principalOf(request).project, key, fingerprint: fingerprintOf(call.endpoint, body) }
  const standing = await standingJob(ingress, await storeCall(findIdempotencyKey(jobs, keyed)))
  if (standing) return replayOf(standing, request, span)

  let job = await admit()
  // Nobody is there any more: nothing is stored.
  if (reply.raw.destroyed) return job
  if (job.digest !== null) job = await shareAnswer(ingress, withLongKeep(job))
  const claim = await storeCall(claimIdempotencyKey(jobs, { ...keyed, jobId: job.spec.id }))
  const made = await standingJob(ingress, claim)
  if (made) return replayOf(made, request, span)
  if (claim.kind === 'reused') throw keyReused()
  if (claim.kind === 'first' && job.stored) {
    // The answer of an earlier request is kept as long as this one's key.
    await storeCall(keepJob(jobs, claim.jobId, Date.now() + KEEP_MS))
    return job
  }
  const spec = { ...withLongKeep(job).spec, id: claim.jobId }
  await enqueue(ingress, { ...job, spec }, null, { replayable: true })
  if (claim.kind === 'first') return { ...job, spec, stored: queuedRecord(spec) }
  return replayOf((await storeCall(readJob(jobs, spec.id))) ?? queuedRecord(spec), request, span)
}

/** The answer is there for as long as the key is. */
function withLongKeep(job: AdmittedJob): AdmittedJob {
  return { ...job, spec: { ...job.spec, keepMs: Math.max(job.spec.keepMs, KEEP_MS) } }
}

async function standingJob(ingress: Ingress, claim: KeyClaim | null): Promise<JobRecord | null> {
  if (claim === null || claim.kind === 'first') return null
  if (claim.kind === 'reused') throw keyReused()
  return storeCall(readJob(ingress.broker.jobs, claim.jobId))
}

function replayOf(record: JobRecord, request: FastifyRequest, span: SpanHandle): AdmittedJob {
  const { spec } = record
  const preference = readPrefer(request.headers.prefer)
  refuseWaitedStream(preference, spec.stream)
  span.set({ [ATTR.jobId]: spec.id, [ATTR.project]: spec.project, [ATTR.model]: spec.model })
  return {
    spec,
    body: Buffer.alloc(0),
    preference,
    span,
    stored: record,
    headers: REPLAYED,
    digest: null,
    cached: null,
  }
}
