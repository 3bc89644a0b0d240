import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { limitArgs } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

/** An absurd `retry-after` does not close a deployment for longer: after an hour one call finds out. */
const LONGEST_MS = 3_600_000

/** After a 429: the deployment gives no slot before `retryAfterMs` from now. Of several answers the one that reaches furthest holds. */
export async function narrow(
  redis: RedisClient,
  deployment: string,
  { retryAfterMs }: { retryAfterMs: number },
  clock?: LimiterClock,
): Promise<void> {
  const ms = Math.min(LONGEST_MS, Math.ceil(retryAfterMs))
  if (!(ms > 0)) return
  await runScript(redis, scripts.narrow, limiterKeys(deployment), [...clockArgs(clock), ...limitArgs({}), 0, ms])
}
