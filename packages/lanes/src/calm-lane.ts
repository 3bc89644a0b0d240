import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import type { LaneKeys } from './keys.ts'

const CALM = defineScript(
  'lane-calm',
  `
if redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]) > 0 then
  return 0
end
redis.call('ZREM', KEYS[4], '0')
return 1`,
)

/**
 * Takes back the wake-up of a lane that is empty: resolves to whether it was. Whatever is added later sets its own, so nobody
 * sleeps on beside a delivery; delayed ones count, because their time is told by the next fetch.
 */
export async function calmLane(redis: RedisClient, keys: LaneKeys): Promise<boolean> {
  return (await runScript(redis, CALM, [keys.wait, keys.prioritized, keys.delayed, keys.marker], [])) === 1
}
