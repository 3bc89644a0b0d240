/** Blobs of jobs are called `<project>/<jobId>/<part>`. */
export function requestBlob(project: string, jobId: string): string {
  return `${project}/${jobId}/request`
}

export function resultBlob(project: string, jobId: string): string {
  return `${project}/${jobId}/result`
}

export function archiveBlob(project: string, jobId: string): string {
  return `${project}/${jobId}/archive`
}
