import type { ErrorClass } from '@switchyard/contract/error-class'

/** How soon a breaker opens and how long it then stays open. */
export interface BreakerPolicy {
  /** Failures in a row, or in half a minute if they are at least half of all calls, that open it. */
  failures: number
  /** Length of a first opening, ms. */
  openMs: number
}

/** A refused credential heals when somebody acts, an overloaded provider by itself. */
const CREDENTIAL_PATIENCE = 6
/** The longest opening, in first ones: a minute where the first is 5 s. */
const LONGEST = 12
const PROBE_GAP_MS = 1_000

/** What can only be true for every call (no such model, key refused) needs half as many failures. */
const SURE: ReadonlySet<ErrorClass> = new Set(['credential', 'not_found'])

/** As the scripts take it. */
export function policyArgs(policy: BreakerPolicy, cause: ErrorClass) {
  const openMs = policy.openMs * (cause === 'credential' ? CREDENTIAL_PATIENCE : 1)
  return {
    failures: policy.failures,
    weight: SURE.has(cause) ? policy.failures / 2 : 1,
    openMs,
    longestMs: openMs * LONGEST,
    gapMs: Math.min(PROBE_GAP_MS, policy.openMs),
  }
}
