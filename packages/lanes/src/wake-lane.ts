import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import type { LaneKeys } from './keys.ts'

const WAKE = defineScript(
  'lane-wake',
  `
if redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]) > 0 then
  redis.call('ZADD', KEYS[4], 0, '0')
end
return 0`,
)

/**
 * Lets an idle consumer of a lane that is not empty look at it. BullMQ wakes one idle consumer by a marker that it pops;
 * one that ends may have popped it without acting on it, and the others would sleep on until their fetch times out.
 */
export async function wakeLane(redis: RedisClient, keys: LaneKeys): Promise<void> {
  await runScript(redis, WAKE, [keys.wait, keys.prioritized, keys.delayed, keys.marker], [])
}
