/** Bytes by name, outside Redis. Names are `<project>/<jobId>/<part>`; a put replaces as a whole, never in part. */
export interface BlobStore {
  put(name: string, data: Buffer | string): Promise<void>
  /** null when there is no such blob. */
  get(name: string): Promise<Buffer | null>
  delete(name: string): Promise<void>
  /** Everything below `<project>/<jobId>/`. */
  deleteJob(project: string, jobId: string): Promise<void>
  /** Jobs that have blobs, with the time of their last write in epoch ms; for the collection of orphans. */
  listJobs(): AsyncIterable<{ project: string; jobId: string; modifiedAtMs: number }>
}

export function requestBlob(project: string, jobId: string): string {
  return `${project}/${jobId}/request`
}

export function resultBlob(project: string, jobId: string): string {
  return `${project}/${jobId}/result`
}

export function archiveBlob(project: string, jobId: string): string {
  return `${project}/${jobId}/archive`
}
