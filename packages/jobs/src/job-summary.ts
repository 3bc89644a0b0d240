import type { JobRecord, TerminalStatus } from '@switchyard/contract/job'
import type { AttemptStart, JobSummary } from './live-frame.ts'

/** What a waiting caller is told beside the body, from the record of an ended job. */
export function summaryOf(record: JobRecord): JobSummary {
  const last = record.attempts.at(-1)
  const costs = record.attempts.map(({ costNanoUsd }) => costNanoUsd)
  return {
    status: record.status as TerminalStatus,
    attempts: record.attempts.length,
    deployment: last?.deployment ?? null,
    simulated: last?.simulated ?? false,
    dropped: last?.dropped ?? [],
    costNanoUsd: costs.includes(null) ? null : costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0),
    failure: record.failure,
  }
}

export function startOf(record: JobRecord): AttemptStart | null {
  const last = record.attempts.at(-1)
  return last ? { deployment: last.deployment, simulated: last.simulated, dropped: last.dropped } : null
}
