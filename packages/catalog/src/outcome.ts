import type { JobFailure } from '@switchyard/contract/broker-error'
import { finalFailure } from './final-failure.ts'
import type { OutcomeInput, PastAttempt } from './outcome-input.ts'
import { OUTCOME_TABLE, type OutcomeRow } from './outcome-table.ts'

/**
 * What becomes of the content of failed attempts before the next one: `keep` (there is none), `empty` (nobody read it: gone,
 * numbering from 0), `mark` (a marker tells readers to discard it), `prefill` (the next attempt goes on from it).
 */
export type LogAction = 'keep' | 'empty' | 'mark' | 'prefill'
export type Breaker = OutcomeRow['breaker']

export type Outcome =
  /** Stays in the lane: this deployment again, or another of the hop. */
  | { kind: 'retry'; deployment: string; delayMs: number; log: LogAction; breaker: Breaker }
  /** The next delivery, in a later hop. */
  | { kind: 'fall_back'; hop: number; log: LogAction; breaker: Breaker }
  /** The same delivery, later; no attempt is burnt. */
  | { kind: 'defer'; untilMs: number; log: LogAction; breaker: Breaker }
  | {
      kind: 'end'
      status: 'failed' | 'cancelled' | 'expired'
      failure: JobFailure
      /** The log keeps a partial answer. */
      incomplete: boolean
      breaker: Breaker
    }

const JITTER_MS = { least: 50, spread: 200 }
const DEFER_DEFAULT_MS = 5_000
const DEFER_MOST_MS = 600_000
/** Bounds what a job without a deadline waits for; with the doubling below that is hours. */
const MOST_DEFERS = 30

/**
 * What follows a failed attempt (design.md §6). Pure; the broker executes it. Candidates are asked in this order: the same
 * deployment, others of the hop, later hops; then a wait, where waiting helps; then the job ends with the failure that its
 * caller should see.
 *
 * Every chain ends: the hop never goes down, a deployment that failed twice by its own fault is not asked again, attempts are
 * bounded by 2 × deployments + 3 (waits not counted), waits by 30.
 */
export function decideOutcome(input: OutcomeInput): Outcome {
  const row = OUTCOME_TABLE[input.failure.class]
  const { breaker } = row

  if (input.failure.class === 'cancelled') return end(input, 'cancelled')
  if (input.failure.class === 'deadline') return end(input, 'expired')
  if (row.here === 'never' && row.elsewhere === 'never') return end(input, 'failed')
  if (input.deadlineMs !== null && input.nowMs >= input.deadlineMs) return end(input, 'expired')
  if (isSpent(input)) return end(input, 'failed')

  const again = retryHere(input, row)
  if (again !== null) return again

  const next = firstUntried(input, row)
  if (next !== null && next.hop > input.hop) return { kind: 'fall_back', hop: next.hop, log: next.log, breaker }
  if (next !== null) return { kind: 'retry', deployment: next.deployment, delayMs: 0, log: next.log, breaker }

  return deferHere(input, row) ?? (isPricedOut(input, row) ? endAtCap(input) : end(input, 'failed'))
}

/** Somebody could be asked, were it not for the cost cap. */
function isPricedOut(input: OutcomeInput, row: OutcomeRow): boolean {
  if (input.affordable === undefined) return false
  const { affordable: _, ...unbounded } = input
  return retryHere(unbounded, row) !== null || firstUntried(unbounded, row) !== null
}

/** The caller sees its cap, and what failed before it. */
function endAtCap(input: OutcomeInput): Outcome {
  const message = `What is left of the job's cost cap pays for no other attempt. The last failure: ${input.failure.message}`
  const ended = end({ ...input, failure: { class: 'cost_limit', message, status: null } }, 'failed')
  return { ...ended, breaker: OUTCOME_TABLE[input.failure.class].breaker }
}

function end(input: OutcomeInput, status: 'failed' | 'cancelled' | 'expired'): Outcome {
  const { breaker } = OUTCOME_TABLE[input.failure.class]
  return { kind: 'end', status, failure: finalFailure(input, status), incomplete: input.contentInLog, breaker }
}

/** Waits burn no attempt and have their own bound; neither do attempts that were handed back (no error class). */
function isSpent({ attempts, route }: OutcomeInput): boolean {
  const deployments = route.hops.reduce((sum, hop) => sum + hop.deployments.length, 0)
  const burnt = attempts.filter(({ errorClass }) => errorClass !== null && errorClass !== 'rate_limited')
  return burnt.length >= 2 * deployments + 3
}

function retryHere(input: OutcomeInput, row: OutcomeRow): Outcome | null {
  if (row.here !== 'once' && row.here !== 'again') return null
  const { deployment, hop } = current(input)
  if (input.affordable?.(deployment) === false) return null
  const log = logBefore(input, deployment)
  if (log === null || (row.here === 'once' && failuresOf(input, deployment) > 1)) return null

  // A hedge in a later hop outlived the call that it was to help: it is there that it is tried again.
  if (hop > input.hop) return { kind: 'fall_back', hop, log, breaker: row.breaker }
  const delayMs = JITTER_MS.least + Math.floor(input.random() * (JITTER_MS.spread + 1))
  if (input.deadlineMs !== null && input.nowMs + delayMs >= input.deadlineMs) return null
  return { kind: 'retry', deployment, delayMs, log, breaker: row.breaker }
}

/** How often a deployment failed by its own fault. */
function failuresOf({ attempts }: OutcomeInput, deployment: string): number {
  return attempts.filter(
    (attempt) =>
      attempt.deployment === deployment &&
      attempt.errorClass !== null &&
      OUTCOME_TABLE[attempt.errorClass].here === 'once',
  ).length
}

function firstUntried(
  input: OutcomeInput,
  row: OutcomeRow,
): { hop: number; deployment: string; log: LogAction } | null {
  const tried = new Set(input.attempts.filter((attempt) => counts(input, attempt)).map(({ deployment }) => deployment))
  for (let hop = input.hop; hop < input.route.hops.length; hop++) {
    for (const { id } of input.route.hops[hop]!.deployments) {
      const log = logBefore(input, id)
      if (!tried.has(id) && log !== null && mayTry(input, row, id)) return { hop, deployment: id, log }
    }
  }
  return null
}

/** Not what ended through no fault of its own, nor what one failed hedge alone was asked before its hop's turn: that has its second try left. */
function counts({ hop }: OutcomeInput, attempt: PastAttempt): boolean {
  if (attempt.errorClass === null) return false
  const { here } = OUTCOME_TABLE[attempt.errorClass]
  return attempt.hop <= hop || (here !== 'once' && here !== 'again')
}

function mayTry(input: OutcomeInput, row: OutcomeRow, deployment: string): boolean {
  if (input.affordable?.(deployment) === false) return false
  switch (row.elsewhere) {
    case 'any':
      return true
    case 'never':
      return false
    case 'affordable':
      return input.affordable !== undefined
    case 'by_policy':
      return input.policyAllowsContentFilterFallback === true
    case 'larger_window': {
      const window = input.windowOf(deployment)
      const refused = input.windowOf(current(input).deployment) ?? 0
      return window !== null && window > refused && window >= input.neededTokens
    }
  }
}

/** Until when to wait for this hop: as long as the provider asks, longer each time it keeps refusing. */
function deferHere(input: OutcomeInput, row: OutcomeRow): Outcome | null {
  if (row.here !== 'defer') return null
  const { deployment } = current(input)
  const log = logBefore(input, deployment)
  if (input.affordable?.(deployment) === false) return null
  const refusals = input.attempts.filter(({ errorClass }) => errorClass === 'rate_limited').length
  if (log === null || refusals > MOST_DEFERS) return null

  const asked = Math.max(0, input.failure.retryAfterMs ?? DEFER_DEFAULT_MS)
  const patience = refusals > 2 ? 1000 * 2 ** (refusals - 2) : 0
  const untilMs = input.nowMs + Math.min(Math.max(asked, patience), DEFER_MOST_MS)
  if (input.deadlineMs !== null && untilMs >= input.deadlineMs) return null
  return { kind: 'defer', untilMs, log, breaker: row.breaker }
}

/** What a next attempt by this deployment does with the log; null where `on_break` forbids it. */
function logBefore(input: OutcomeInput, deployment: string): LogAction | null {
  if (!input.contentInLog) return 'keep'
  if (!wasShown(input)) return 'empty'
  switch (input.onBreak) {
    case 'fail':
      return null
    case 'restart':
      return 'mark'
    case 'continue':
      return input.prefillPossible(deployment) ? 'prefill' : null
  }
}

/** Only a stream shows partial content; whoever waits for the whole answer sees no restart. */
function wasShown(input: OutcomeInput): boolean {
  return input.stream && input.contentInLog && input.read
}

function current({ attempts }: OutcomeInput): PastAttempt {
  const last = attempts.at(-1)
  if (last === undefined) throw new TypeError('decideOutcome needs the attempt that failed')
  return last
}
