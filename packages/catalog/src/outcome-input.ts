import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Attempt, OnBreak, Route } from '@switchyard/contract/job'

export type PastAttempt = Pick<Attempt, 'deployment' | 'hop' | 'errorClass' | 'httpStatus'>

export interface OutcomeInput {
  failure: AttemptFailure
  /** Every attempt of the job in the order of their ends; the one that just failed is last. A hedge may have been in a later hop. */
  attempts: readonly PastAttempt[]
  route: Route
  /** Index of the hop that the job is in. */
  hop: number
  deadlineMs: number | null
  nowMs: number
  /** The client asked for a stream. */
  stream: boolean
  /** The log holds content of failed attempts. */
  contentInLog: boolean
  /** Somebody has read the log since that content was in it. */
  read: boolean
  onBreak: OnBreak
  /** Somebody holds a connection for the answer; whoever does not has patience. */
  attended: boolean
  /** Epoch ms before which a deployment's breaker lets nobody call; null: it is closed. */
  outUntilMs: (deployment: string) => number | null
  /** False: it has failed so often lately that further calls on its account would be too many. */
  mayRepeat: (deployment: string) => boolean
  regionOf: (deployment: string) => string | null
  /** Can this deployment go on from the text so far? False too when the text is not plain. */
  prefillPossible: (deployment: string) => boolean
  /** A content filter's refusal may be asked again elsewhere. No policy says so yet. */
  policyAllowsContentFilterFallback?: boolean
  /** Can another call of this deployment be kept within the job's cost cap? Absent: it has none. */
  affordable?: (deployment: string) => boolean
  /** Context window in tokens; null: not known. */
  windowOf: (deployment: string) => number | null
  /** Tokens of prompt and asked-for answer, estimated. */
  neededTokens: number
  /** 0 ≤ random < 1, for jitter. */
  random: () => number
}
