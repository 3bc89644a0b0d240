import type { ErrorClass } from '@switchyard/contract/error-class'

/**
 * A breaker as it is kept in Redis, one for each deployment and one for each credential (that is, provider). Times are epoch ms.
 *
 * States: **closed** → **open** (until `untilMs` nobody calls) → **half-open** (still `open`, but `untilMs` has passed: whoever claims
 * `probe` calls, everybody else waits) → closed after `need` probes went well, or open again, for twice as long, after one that did not.
 */
export interface Breaker {
  open: boolean
  /** Recent successes and failures (weighted by cause), decayed to `atMs`. */
  ok: number
  bad: number
  atMs: number
  /** Failures since the last success. */
  streak: number
  /** When it last opened, reopened or closed. */
  changedAtMs: number
  /** Openings that came soon after one another; each doubles the next one's length. */
  openings: number
  /** When it left the closed state. */
  sinceMs: number
  untilMs: number
  cause: ErrorClass | null
  /** Who may call while it is half-open, and until when that is leased. */
  probe?: string
  probeUntilMs: number
  /** Probes are this far apart. */
  nextProbeMs: number
  /** Successful probes that close it, and those there were. */
  need: number
  got: number
}

/** When a call may be made that goes through this breaker; null: now, and without asking. */
export function waitsUntilMs(breaker: Breaker, nowMs: number): number | null {
  if (!breaker.open) return null
  const taken = breaker.probe !== undefined && breaker.probeUntilMs > nowMs ? breaker.probeUntilMs : 0
  return Math.max(breaker.untilMs, breaker.nextProbeMs, taken)
}
