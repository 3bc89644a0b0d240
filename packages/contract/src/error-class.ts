import type { ErrorBody } from './broker-error.ts'

/** What kind of failure an attempt met; design.md §6 has one row for each. */
export const ERROR_CLASSES = [
  'overloaded',
  'server',
  'rate_limited',
  'credential',
  'not_found',
  'context_length',
  'content_filter',
  'invalid_request',
  'broken_stream',
  'worker_lost',
  'unhealthy',
  'cost_limit',
  'cancelled',
  'deadline',
] as const

export type ErrorClass = (typeof ERROR_CLASSES)[number]

/** An attempt that failed, as a value. Providers make it, `catalog/outcome` decides from it, the job keeps it. */
export interface AttemptFailure {
  class: ErrorClass
  /** For people: what happened, with nothing of the prompt and no secret. */
  message: string
  /** The upstream HTTP status, where there was an answer. */
  status: number | null
  /** How long the provider asked us to wait. */
  retryAfterMs?: number
  /** For `invalid_request`, `context_length` and `content_filter`: the provider's own error in OpenAI's shape, given back to the caller as it is. */
  body?: ErrorBody
}
