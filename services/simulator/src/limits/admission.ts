/** A limiter's word on one call. `remaining` and `reset` are what the rate-limit headers of an answer say. */
export interface Admission {
  requests: Allowance
  tokens: Allowance
}

export interface Allowance {
  limit: number
  remaining: number
  /** Until the whole limit is there again, ms. */
  resetMs: number
}

export interface Rejection {
  scope: 'requests' | 'tokens' | 'in_flight'
  limit: number
  used: number
  requested: number
  retryAfterMs: number
}
