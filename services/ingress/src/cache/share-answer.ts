import { BrokerError } from '@switchyard/contract/broker-error'
import { isTerminal, type JobRecord } from '@switchyard/contract/job'
import { claimAnswer, continueUnread } from '@switchyard/jobs/answer-rows'
import { readJob } from '@switchyard/jobs/read-job'
import type { AdmittedJob } from '../chat/admit-chat.ts'
import { enqueue } from '../enqueue.ts'
import type { Ingress } from '../ingress.ts'
import { queuedRecord } from '../queued-record.ts'
import { storeCall } from '../store-call.ts'
import { bookCached } from './book-cached.ts'

/** Each try that finds no answer replaced one that had failed. */
const TRIES = 5
/** What is about to expire would be gone while it is sent. */
const NEARLY_GONE_MS = 10_000

/**
 * `cache: exact`: the job of an identical request of the project instead of one's own, in flight (`shared`) or answered (`hit`); else one's own,
 * for the others too (`miss`). A job that failed or was cancelled is no answer: the first to see that runs. A row without a job is of a
 * request that is making it, or died: it is made here, which changes nothing for whoever was first.
 */
export async function shareAnswer(ingress: Ingress, job: AdmittedJob): Promise<AdmittedJob> {
  const { digest, spec } = job
  if (digest === null) return job
  const { jobs } = ingress.broker
  let instead: string | null = null
  for (let i = 0; i < TRIES; i++) {
    const row = { project: spec.project, digest, jobId: spec.id, instead }
    const standing: string = await storeCall(claimAnswer(jobs, row))
    if (standing === spec.id) {
      await enqueue(ingress, job, null, { replayable: true })
      return { ...job, stored: queuedRecord(spec), headers: { 'x-switchyard-cache': 'miss' } }
    }
    const record = (await storeCall(readJob(jobs, standing))) ?? (await make(ingress, job, standing))
    if (!isTerminal(record.status)) {
      if (spec.onDisconnect === 'continue') await storeCall(continueUnread(jobs, standing))
      return sharing(ingress, job, record, 'shared')
    }
    if (isAnswer(record)) {
      const hit = sharing(ingress, job, record, 'hit')
      await bookCached(ingress, hit, record)
      return hit
    }
    instead = standing
  }
  throw new BrokerError('service_unavailable', 'Identical requests keep failing. Try again.', { retryAfterMs: 1_000 })
}

async function make(ingress: Ingress, job: AdmittedJob, id: string): Promise<JobRecord> {
  const spec = { ...job.spec, id }
  await enqueue(ingress, { ...job, spec }, null, { replayable: true })
  return (await storeCall(readJob(ingress.broker.jobs, id))) ?? queuedRecord(spec)
}

function isAnswer({ status, failure, expiresAtMs }: JobRecord): boolean {
  return (
    status === 'completed' && failure === null && (expiresAtMs === null || expiresAtMs > Date.now() + NEARLY_GONE_MS)
  )
}

function sharing(ingress: Ingress, job: AdmittedJob, record: JobRecord, how: 'hit' | 'shared'): AdmittedJob {
  ingress.telemetry.metrics.counter('switchyard_answers_cached_total').add({ kind: how })
  const { id, apiKey, tags } = job.spec
  return {
    ...job,
    spec: record.spec,
    stored: record,
    headers: { 'x-switchyard-cache': how },
    cached: { how, id, apiKey, tags },
  }
}
