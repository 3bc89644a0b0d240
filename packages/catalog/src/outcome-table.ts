import type { ErrorClass } from '@switchyard/contract/error-class'

/** A row of design.md §6: what may follow a failure of this class. */
export interface OutcomeRow {
  /**
   * The same deployment again: `once` in the whole job; `again` without counting against it (the failure was ours); `defer`
   * after the time the provider asks for; `never`.
   */
  here: 'once' | 'again' | 'defer' | 'never'
  /** Deployments of the route that were not tried yet, in this hop or a later one. */
  elsewhere: 'any' | 'larger_window' | 'affordable' | 'by_policy' | 'never'
  /** Whose health the failure counts against. */
  breaker: 'deployment' | 'credential' | null
}

export const OUTCOME_TABLE: Record<ErrorClass, OutcomeRow> = {
  overloaded: { here: 'once', elsewhere: 'any', breaker: 'deployment' },
  server: { here: 'once', elsewhere: 'any', breaker: 'deployment' },
  rate_limited: { here: 'defer', elsewhere: 'any', breaker: null },
  credential: { here: 'never', elsewhere: 'any', breaker: 'credential' },
  not_found: { here: 'never', elsewhere: 'any', breaker: 'deployment' },
  context_length: { here: 'never', elsewhere: 'larger_window', breaker: null },
  content_filter: { here: 'never', elsewhere: 'by_policy', breaker: null },
  invalid_request: { here: 'never', elsewhere: 'never', breaker: null },
  broken_stream: { here: 'once', elsewhere: 'any', breaker: 'deployment' },
  cost_limit: { here: 'never', elsewhere: 'affordable', breaker: null },
  worker_lost: { here: 'again', elsewhere: 'any', breaker: null },
  // Nobody was called: its breaker was open. Who may wait does (`wait-for-health.ts`).
  unhealthy: { here: 'never', elsewhere: 'any', breaker: null },
  cancelled: { here: 'never', elsewhere: 'never', breaker: null },
  deadline: { here: 'never', elsewhere: 'never', breaker: null },
}
