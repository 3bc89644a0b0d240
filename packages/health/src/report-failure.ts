import type { ErrorClass } from '@switchyard/contract/error-class'
import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { Breaker, Scope } from './breaker.ts'
import { type BreakerPolicy, policyArgs } from './breaker-policy.ts'
import { type HealthPlace, healthKeys } from './keys.ts'
import { scripts } from './scripts.ts'

export interface FailedCall {
  scope: Scope
  cause: ErrorClass
  /** How long the call took, ms: one that began before the breaker closed says nothing. */
  tookMs: number
  /** How long the provider asked us to stay away. */
  retryAfterMs?: number
  /** Under which the call may have been the probe. */
  token?: string
  /** Successes in this scope that this process has not told yet: without them the first failures would look like all there is. */
  ok: number
  /** A probe without tokens failed: an open breaker stays open for another term, and no real job is spent on finding out. */
  idle?: boolean
}

/** What a report changed, and the breaker as it is now. */
export interface BreakerChange {
  scope: Scope
  became: 'opened' | 'reopened' | 'closed' | 'noted'
  breaker: Breaker
}

/**
 * Counts a failed call against its breaker, at once, for the whole fleet. A repeat counts twice; that is why the connection's error is
 * not followed by one.
 */
export async function reportFailure(
  redis: RedisClient,
  call: FailedCall,
  policy: BreakerPolicy,
  place: HealthPlace = {},
): Promise<BreakerChange> {
  const asked = JSON.stringify({ nowMs: place.nowMs, ...call, ...policyArgs(policy, call.cause) })
  const [became, breaker] = (await runScript(redis, scripts.fail, healthKeys(place.prefix), [asked])) as [
    BreakerChange['became'],
    string,
  ]
  return { scope: call.scope, became, breaker: JSON.parse(breaker) }
}
