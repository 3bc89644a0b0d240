import type { JobRecord } from '@switchyard/contract/job'
import { requestBlob } from './blob-names.ts'
import type { Jobs } from './jobs.ts'

/** The request as the client sent it; `inline` is what the claim brought. */
export async function readRequest(jobs: Jobs, record: JobRecord, inline: string | null): Promise<Buffer> {
  if (inline !== null) return Buffer.from(inline)
  const blob = await jobs.blobs.get(record.spec.request.blob ?? requestBlob(record.spec.project, record.spec.id))
  if (!blob) throw new Error(`the request of ${record.spec.id} is gone from the blob store`)
  return blob
}
