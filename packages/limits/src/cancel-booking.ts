import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { limitArgs } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

/** Gives back a booked slot that will not be used, because the job went elsewhere or ended. A granted lease stays as it is. */
export async function cancelBooking(
  redis: RedisClient,
  deployment: string,
  lease: string,
  clock?: LimiterClock,
): Promise<void> {
  await runScript(redis, scripts.cancelBooking, limiterKeys(deployment), [
    ...clockArgs(clock),
    ...limitArgs({}),
    1,
    lease,
  ])
}
