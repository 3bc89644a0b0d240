import type { Attempt } from './job.ts'
import type { Usage } from './usage.ts'

/** One line of the usage ledger, one for each attempt; its effect id makes it idempotent. Costs in nano-dollars. */
export interface LedgerRow {
  effectId: string
  project: string
  apiKey: string
  jobId: string
  attempt: Attempt
  endpoint: string
  model: string
  tags: Record<string, string>
  atMs: number
}

/** The ledger's line of an answer that another request's call gave. It cost nothing. */
export interface CachedRow {
  kind: 'cached'
  effectId: string
  project: string
  apiKey: string
  /** The job that answered. */
  jobId: string
  /** What the call used; none of it was used again. */
  usage: Usage | null
  costNanoUsd: 0
  /** What the call had cost; null: unpriced. */
  savedNanoUsd: number | null
  endpoint: string
  model: string
  tags: Record<string, string>
  atMs: number
}

/**
 * One outbox row, written by the script that makes the transition. It only refers: attempt 0 is the job's acceptance, any other
 * the end of that attempt; what it owes (index; ledger line and limits) follows from the record, which is kept longer than any row.
 * The row of a job's end, whether an attempt ended with it or not, owes its project's events and its line of a batch too.
 * Receivers deduplicate by effect id, `<jobId>.<attempt>.<kind>`.
 */
export interface OutboxRow {
  /** Stream entry id in the partition's outbox, given by Redis. */
  rowId: string
  jobId: string
  attempt: number
  /** The job ended. */
  ended: boolean
}
