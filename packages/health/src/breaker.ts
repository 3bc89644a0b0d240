import type { ErrorClass } from '@switchyard/contract/error-class'

/**
 * A breaker as it is kept in Redis, one for each deployment and one for each credential (that is, provider). Times are epoch ms.
 *
 * States: **closed** → **open** (until `untilMs` nobody calls) → **half-open** (still `open`, but `untilMs` has passed: whoever claims
 * the probe calls, everybody else waits) → **closed** after `need` probes went well, or open again for twice as long after one that
 * did not. Each opening that follows soon on another one is twice as long as that one, and asks for one more good probe to close: a
 * provider that flaps is left alone. lua/breaker.lua is the machine.
 */
export interface Breaker {
  open: boolean
  /** Counts the changes of what follows but for `ok`, `bad`, `atMs` and `streak`. */
  revision: number
  /** Recent successes and failures (weighted by cause), decayed to `atMs`. */
  ok: number
  bad: number
  atMs: number
  /** Weighted failures since the last success. */
  streak: number
  /** When it last opened, reopened or closed. */
  changedAtMs: number
  /** Openings that followed soon on one another. */
  openings: number
  /** How long the last opening was meant to be, ms. */
  lengthMs: number
  /** When it left the closed state. */
  sinceMs: number
  untilMs: number
  /** Why it opened last. */
  cause?: ErrorClass
  /** Who may call while it is half-open, and until when that is leased. */
  probe?: string
  probeUntilMs: number
  /** No probe before this moment. */
  nextProbeMs: number
  /** Good probes that close it, and those there were. */
  need: number
  got: number
}

/** Names a breaker by whose health it stands for. */
export type Scope = `deployment:${string}` | `credential:${string}`

/**
 * When it is worth asking the breaker again; null: it is closed. May be past: then the probe is to be had now. While a probe is under
 * way nobody knows how it ends: as long as the opening was is as good a guess as any, and keeps those that wait from asking all the time.
 */
export function waitsUntilMs(breaker: Breaker, nowMs: number): number | null {
  if (!breaker.open) return null
  const taken = breaker.probe !== undefined && breaker.probeUntilMs > nowMs
  const guessMs = taken ? Math.min(breaker.probeUntilMs, nowMs + breaker.lengthMs) : 0
  return Math.max(breaker.untilMs, breaker.nextProbeMs, guessMs)
}
