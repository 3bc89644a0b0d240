import type { JobFailure } from '@switchyard/contract/broker-error'
import type { ErrorClass } from '@switchyard/contract/error-class'
import { finalFailure } from './final-failure.ts'
import type { OutcomeInput, PastAttempt } from './outcome-input.ts'
import { OUTCOME_TABLE, type OutcomeRow } from './outcome-table.ts'
import { earliestReopening, outUntil, waitForHealth } from './wait-for-health.ts'

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
/** Bounds how often a job without a deadline waits; with the doubling below that is hours. */
const MOST_DEFERS = 30
const UNBURNT: ReadonlySet<ErrorClass> = new Set(['rate_limited', 'unhealthy'])

/**
 * What follows a failed attempt (design.md §6). Pure; the broker executes it. Candidates are asked in this order: the same
 * deployment, others of the hop, later hops, if nobody waits also earlier ones that were out until now; then a wait, where waiting helps; then
 * the job ends with the failure that its caller should see. Whose breaker is open is not asked. Where a hop stands in several regions,
 * one that fails is left at once.
 *
 * Every chain ends: the hop goes down only to a deployment that was never called, one that failed twice by its own fault is not asked
 * again before a wait, attempts are bounded by 2 × deployments + 3 (waits not counted, nor those made while breakers are open, which are
 * few), waits by 30.
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
  if (next !== null && next.hop !== input.hop) return { kind: 'fall_back', hop: next.hop, log: next.log, breaker }
  if (next !== null) return { kind: 'retry', deployment: next.deployment, delayMs: 0, log: next.log, breaker }

  return (
    deferForHealth(input, row) ??
    deferHere(input, row) ??
    (isPricedOut(input, row) ? endAtCap(input) : end(input, 'failed'))
  )
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
function isSpent(input: OutcomeInput): boolean {
  const deployments = input.route.hops.reduce((sum, hop) => sum + hop.deployments.length, 0)
  const burnt = input.attempts.filter(({ errorClass }) => errorClass !== null && !UNBURNT.has(errorClass)).length
  // Whoever waits for a breaker is now and then the one that finds out; an outage must not use up its attempts.
  const waits = !input.attended && earliestReopening(input) !== null
  return burnt >= 2 * deployments + 3 + (waits ? MOST_DEFERS : 0)
}

function retryHere(input: OutcomeInput, row: OutcomeRow): Outcome | null {
  if (row.here !== 'once' && row.here !== 'again') return null
  const { deployment, hop } = current(input)
  if (input.affordable?.(deployment) === false) return null
  const log = logBefore(input, deployment)
  if (log === null || (row.here === 'once' && !mayTryOnceMore(input, deployment))) return null

  // A hedge in a later hop outlived the call that it was to help: it is there that it is tried again.
  if (hop > input.hop) return { kind: 'fall_back', hop, log, breaker: row.breaker }
  const delayMs = JITTER_MS.least + Math.floor(input.random() * (JITTER_MS.spread + 1))
  if (input.deadlineMs !== null && input.nowMs + delayMs >= input.deadlineMs) return null
  return { kind: 'retry', deployment, delayMs, log, breaker: row.breaker }
}

/** It has failed but once, is not out, has not failed too many others, and does not stand beside another region. */
function mayTryOnceMore(input: OutcomeInput, deployment: string): boolean {
  if (failuresOf(input, deployment) > 1 || outUntil(input, deployment) !== null || !input.mayRepeat(deployment))
    return false
  const { hop } = current(input)
  const beside = untriedOf(input, hop).filter((id) => logBefore(input, id) !== null)
  return !beside.some((id) => input.regionOf(id) !== input.regionOf(deployment))
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
  for (const hop of hopsFrom(input, row)) {
    for (const deployment of otherRegionsFirst(input, row, untriedOf(input, hop))) {
      const log = logBefore(input, deployment)
      if (log !== null && mayTry(input, row, deployment)) return { hop, deployment, log }
    }
  }
  return null
}

/** Where one failed by its own fault, its region may be what fails: those of other regions come first. */
function otherRegionsFirst(input: OutcomeInput, row: OutcomeRow, ids: string[]): string[] {
  if (row.here !== 'once') return ids
  const failed = input.regionOf(current(input).deployment)
  const isElsewhere = (id: string) => input.regionOf(id) !== failed
  return [...ids.filter(isElsewhere), ...ids.filter((id) => !isElsewhere(id))]
}

/** This hop and the later ones; for who has the time, then those that the job has gone past because they were out. */
function hopsFrom({ hop, route, failure, attended }: OutcomeInput, row: OutcomeRow): number[] {
  const goesBack = !attended && (row.breaker !== null || failure.class === 'unhealthy')
  const all = [...route.hops.keys()]
  return [...all.slice(hop), ...(goesBack ? all.slice(0, hop) : [])]
}

/** Deployments of a hop that the job has not called and that may be called now. */
function untriedOf(input: OutcomeInput, hop: number): string[] {
  const tried = new Set(input.attempts.filter((attempt) => counts(input, attempt)).map(({ deployment }) => deployment))
  const ids = input.route.hops[hop]!.deployments.map(({ id }) => id)
  return ids.filter((id) => !tried.has(id) && outUntil(input, id) === null && input.mayRepeat(id))
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

/** A job that nobody waits for stands by until somebody of its route is well again. */
function deferForHealth(input: OutcomeInput, row: OutcomeRow): Outcome | null {
  const log = logBefore(input, current(input).deployment)
  const untilMs = log === null ? null : waitForHealth(input)
  return untilMs === null ? null : { kind: 'defer', untilMs, log: log!, breaker: row.breaker }
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
