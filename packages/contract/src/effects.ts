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

/**
 * What a transition owes to keys outside its slot. Carried out by whoever is near, redone by `background` after 5 s.
 * Receivers deduplicate by `effectId` = `<jobId>.<attempt>.<kind>`.
 */
export type Effect =
  | { kind: 'index'; effectId: string; project: string; jobId: string; createdAtMs: number }
  | { kind: 'ledger'; effectId: string; row: LedgerRow }
  | { kind: 'limits'; effectId: string; deployment: string; lease: string; usage: Usage | null }

/**
 * One outbox row, written by the script that makes the transition. It only refers: attempt 0 is the job's acceptance, any other
 * the end of that attempt; what it owes follows from the record, which is kept longer than any row.
 */
export interface OutboxRow {
  /** Stream entry id in the partition's outbox, given by Redis. */
  rowId: string
  jobId: string
  attempt: number
}
