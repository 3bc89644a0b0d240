import type { TryError } from '@switchyard/contract/webhook'
import { retryAfterMs } from './retry-after.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Gaps before the second to the tenth try, ms: Standard Webhooks' example, 75.6 h in all. */
export const GAPS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/** Every gap is this much longer or shorter, so that what failed together does not come back together. */
const JITTER = 0.1
/** From the first try of a round to its last, where nobody asks for more time. */
export const LONGEST_ROUND_MS = GAPS_MS.reduce((sum, gap) => sum + gap, 0) * (1 + JITTER)
/** A receiver that asks for time gets at least this, and all that goes to it waits; longer than an hour only for the delivery itself. */
const THROTTLED_MS = 5 * SECOND
const LONGEST_REST_MS = HOUR
const THROTTLES = new Set([429, 502, 503, 504])

export type TryAnswer = { status: number; retryAfter: string | null } | { failure: Exclude<TryError, 'http_error'> }

export interface TryVerdict {
  /** `gone`: the receiver wants nothing any more. */
  result: 'delivered' | 'retry' | 'dead' | 'gone'
  error: TryError | null
  /** Until the next try. */
  delayMs: number
  /** How long nothing at all goes to this receiver. */
  restMs: number
}

/**
 * What follows one try. 2xx alone is success (a redirect is none), 410 means never again, and where the receiver says when, it is
 * heard. `number` is the try's within its round, 1 the first; `random` from 0 to 1.
 */
export function judgeTry(answer: TryAnswer, number: number, nowMs: number, random: number): TryVerdict {
  const status = 'status' in answer ? answer.status : null
  if (status !== null && status >= 200 && status < 300) {
    return { result: 'delivered', error: null, delayMs: 0, restMs: 0 }
  }
  const error = 'failure' in answer ? answer.failure : 'http_error'
  if (status === 410) return { result: 'gone', error, delayMs: 0, restMs: 0 }
  const asked = 'status' in answer ? retryAfterMs(answer.retryAfter, nowMs) : 0
  const restMs = status !== null && THROTTLES.has(status) ? Math.min(LONGEST_REST_MS, Math.max(asked, THROTTLED_MS)) : 0
  const gap = GAPS_MS[number - 1]
  if (gap === undefined) return { result: 'dead', error, delayMs: 0, restMs }
  const jittered = Math.round(gap * (1 - JITTER + 2 * JITTER * random))
  return { result: 'retry', error, delayMs: Math.max(jittered, asked), restMs }
}
