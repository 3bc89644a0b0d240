import type { JobRecord } from '@switchyard/contract/job'
import { decodeArchive } from './archive.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'

/** The request of a job as it was accepted, wherever it is kept by now; null when it is kept no longer. */
export async function readStoredRequest(jobs: Jobs, record: JobRecord): Promise<Buffer | null> {
  const { id, request } = record.spec
  if (request.blob) return jobs.blobs.get(request.blob)
  const keys = jobKeys(id)
  if (!record.archive) {
    const body = await jobs.redis.hget(keys.record, 'request')
    if (body !== null) return Buffer.from(body)
  }
  // It may have been archived since the record was read.
  const name = record.archive ?? (await jobs.redis.hget(keys.record, 'archive'))
  const blob = name ? await jobs.blobs.get(name) : null
  const body = blob ? (await decodeArchive(blob)).request : null
  return body === null ? null : Buffer.from(body)
}
