import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import type { JobRecord, TerminalStatus } from '@switchyard/contract/job'
import type { AttemptStart, JobSummary } from './live-frame.ts'

/** What a waiting caller is told beside the body, from the record of an ended job. */
export function summaryOf(record: JobRecord): JobSummary {
  const answering = answeringAttempt(record.attempts)
  const costs = record.attempts.map(({ costNanoUsd }) => costNanoUsd)
  return {
    status: record.status as TerminalStatus,
    attempts: record.attempts.length,
    deployment: answering?.deployment ?? null,
    simulated: answering?.simulated ?? false,
    dropped: answering?.dropped ?? [],
    costNanoUsd: costs.includes(null) ? null : costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0),
    failure: record.failure,
  }
}

export function startOf(record: JobRecord): AttemptStart | null {
  const answering = answeringAttempt(record.attempts)
  if (!answering) return null
  const { deployment, simulated, dropped } = answering
  return { deployment, simulated, dropped }
}
