import type { Attempt, JobSpec, TerminalStatus } from '@switchyard/contract/job'
import type { Broker } from './broker.ts'

/** Counts a job that is stored. */
export function countAccepted({ metrics }: Broker, { route, tier }: JobSpec): void {
  metrics?.counter('switchyard_jobs_accepted_total').add({ lane: route.hops[0]!.lane, tier })
}

/** Counts the end of a job, in the lane of its last attempt. */
export function countEnded(
  { metrics }: Broker,
  { route, batch, createdAtMs }: JobSpec,
  { status, settledAtMs, attempts }: { status: TerminalStatus; settledAtMs: number; attempts: readonly Attempt[] },
): void {
  if (metrics === undefined) return
  const { lane } = route.hops[attempts.at(-1)?.hop ?? 0]!
  metrics.counter('switchyard_jobs_ended_total').add({ lane, status })
  metrics.histogram('switchyard_job_duration_seconds').observe({ lane, status }, (settledAtMs - createdAtMs) / 1_000)
  if (batch !== undefined) metrics.counter('switchyard_batch_lines_total').add({ status })
}
