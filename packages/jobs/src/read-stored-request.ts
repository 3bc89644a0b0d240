import type { JobRecord } from '@switchyard/contract/job'
import { decodeArchive } from './archive.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'

/** The request of a job as it was accepted, wherever it is kept by now; null when it is kept no longer. */
export async function readStoredRequest(jobs: Jobs, record: JobRecord): Promise<Buffer | null> {
  const { id, request } = record.spec
  if (request.blob) return jobs.blobs.get(request.blob)
  let name = record.archive
  if (!name) {
    const [body, archive] = await jobs.redis.hmget(jobKeys(id).record, 'request', 'archive')
    if (body) return Buffer.from(body)
    // It may have been archived since the record was read.
    name = archive ?? null
  }
  const blob = name ? await jobs.blobs.get(name) : null
  const body = blob ? (await decodeArchive(blob)).request : null
  return body === null ? null : Buffer.from(body)
}
