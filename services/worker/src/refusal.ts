import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Refusal } from '@switchyard/limits/learn'

/** After a 429 that says no time: a sixtieth of the minute of the limits. */
const UNSAID = 1 / 60

/** What a failed call says of its deployment's limits; null: nothing. A 429 lowers the rate and, as an overload, the calls in flight. */
export function refusalOf(failure: AttemptFailure, minuteMs = 60_000): Refusal | null {
  const { class: errorClass, retryAfterMs, status } = failure
  if (errorClass === 'rate_limited') {
    return { retryAfterMs: retryAfterMs ?? UNSAID * minuteMs, rateLimited: true, overloaded: true }
  }
  // 503, 529, and what came too late: no answer at all, or 504.
  const isLate = errorClass === 'server' && (status === null || status === 504)
  return errorClass === 'overloaded' || isLate ? { overloaded: true } : null
}
