import type { JobFailure } from '@switchyard/contract/broker-error'
import type { JobStatus, TerminalStatus } from '@switchyard/contract/job'

/** Data of a `job.status` event in the log of a job that is not streamed. */
export function statusEvent(jobId: string, status: JobStatus): string {
  return JSON.stringify({ type: 'job.status', id: jobId, status })
}

/** Data of a `job.attempt` event: a call begins, or has failed. */
export function attemptEvent(jobId: string, attempt: number, deployment: string, status: string): string {
  return JSON.stringify({ type: 'job.attempt', id: jobId, attempt, deployment, status })
}

/** Data of the terminal event of a job that is not streamed: `job.completed|failed|cancelled|expired`. */
export function endEvent(jobId: string, status: TerminalStatus, failure: JobFailure | null): string {
  return JSON.stringify({ type: `job.${status}`, id: jobId, status, ...(failure ? { error: failure.error } : {}) })
}
