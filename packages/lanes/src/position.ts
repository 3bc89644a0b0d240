import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { type Delivery, deliveryId } from './delivery.ts'
import type { LaneKeys } from './keys.ts'

// `wait` holds only deliveries of crashed consumers; it is served first, from its right end.
const POSITION = defineScript(
  'lane-position',
  `
local ahead = redis.call('LLEN', KEYS[2])
local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
if rank then return ahead + rank end
local index = redis.call('LPOS', KEYS[2], ARGV[1], 'RANK', -1, 'MAXLEN', 1000)
if index then return ahead - 1 - index end
return nil`,
)

/** How many deliveries are served before this one, 0 for the next; null when it is not waiting. O(log n). */
export async function readPosition(redis: RedisClient, keys: LaneKeys, delivery: Delivery): Promise<number | null> {
  const position = await runScript(redis, POSITION, [keys.prioritized, keys.wait], [deliveryId(delivery)])
  return position as number | null
}
