import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { limitArg, limitArgs } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

/** An absurd `retry-after` does not close a deployment for longer: after an hour one call finds out. */
const LONGEST_MS = 3_600_000

/** What a refusal by the provider teaches. */
export interface Refusal {
  /** It wants no call before that. */
  retryAfterMs?: number
  /** Its limits are lower than we think. */
  rateLimited?: boolean
  /** It has too many calls at once. */
  overloaded?: boolean
}

/**
 * After a refusal.
 * - `retryAfterMs`: the deployment gives no slot before that. Of several answers the one that reaches furthest holds.
 * - `rateLimited`: from now on 90 % of the limits per minute are used, not less than a quarter in the end. It comes back by 5 % with
 *   each window's worth of calls that succeed.
 * - `overloaded`: half as many calls in flight as now, not less than a sixteenth of `inFlight`. One more with each round of calls that
 *   succeed (AIMD). Without a limit of calls in flight nothing is lowered.
 *
 * Refusals of calls that were on the way together lower once.
 */
export async function narrow(
  redis: RedisClient,
  deployment: string,
  limits: DeploymentLimits,
  { retryAfterMs = 0, rateLimited = false, overloaded = false }: Refusal,
  clock?: LimiterClock,
): Promise<void> {
  const ms = retryAfterMs > 0 ? Math.min(LONGEST_MS, Math.ceil(retryAfterMs)) : 0
  if (ms === 0 && !rateLimited && !overloaded) return
  const lowers = [rateLimited ? 1 : 0, overloaded ? 1 : 0, limitArg(limits.inFlight)]
  await runScript(redis, scripts.narrow, limiterKeys(deployment), [
    ...clockArgs(clock),
    ...limitArgs(limits),
    0,
    ms,
    ...lowers,
  ])
}
