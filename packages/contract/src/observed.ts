import type { ErrorClass } from './error-class.ts'

export type BreakerState = 'closed' | 'open' | 'half_open'

/** What the whole fleet has lately seen of one deployment. Recent calls weigh most; null: not seen often enough to say. */
export interface Observed {
  breaker: BreakerState
  /** Epoch ms at which an open breaker lets one job through again; null while it is closed. */
  reopensAtMs: number | null
  /** Why it is not closed. */
  cause: ErrorClass | null
  /** How many calls the numbers below stand on; older ones count for less. */
  calls: number
  /** Share of calls that failed by the deployment's own fault, 0 to 1. */
  errorRate: number | null
  /** Time to the first token from the start of the call, ms. */
  ttftMs: { p50: number; p95: number } | null
  /** Output tokens per second after the first. */
  tokensPerSecond: number | null
}

/** By deployment name; undefined: never seen. */
export type ObservedFleet = (deployment: string) => Observed | undefined
