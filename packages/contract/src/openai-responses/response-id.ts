import { isJobId } from '../ids.ts'

/** `job_01J…` → `resp_01J…`: every response is a job, and the id of one is the id of the other. */
export function responseIdOf(jobId: string): string {
  return `resp_${jobId.slice('job_'.length)}`
}

/** The job behind a response's id; null for what can't be one. */
export function jobIdOfResponse(responseId: string): string | null {
  if (!responseId.startsWith('resp_')) return null
  const jobId = `job_${responseId.slice('resp_'.length)}`
  return isJobId(jobId) ? jobId : null
}
