import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { type Delivery, deliveryId } from './delivery.ts'
import type { LaneKeys } from './keys.ts'
import { MAX_EVENTS, MAX_EVENTS_FIELD } from './lane-meta.ts'

/** Ids per script call: a few hundred µs of Redis at most. */
const CHUNK = 250

/*
 * A delivery is known if it waits, is delayed, or is held (its holder renews the lock). Only for what is left over are the
 * two lists read, once for a call: `active` (a crashed consumer's, until the stall check finds it) and `wait`.
 * What is in none of them is missing. A hash that stayed behind would make BullMQ ignore the next add, as would an id in
 * `completed` or `failed`, so both go.
 */
const MISSING = defineScript(
  'lane-missing',
  `
redis.call('HSET', KEYS[7], ARGV[2], ARGV[3])
local listed = nil
local missing = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local key = ARGV[1] .. id
  if not redis.call('ZSCORE', KEYS[1], id) and not redis.call('ZSCORE', KEYS[2], id)
    and redis.call('EXISTS', key .. ':lock') == 0 then
    if not listed then
      listed = {}
      for _, list in ipairs({KEYS[3], KEYS[4]}) do
        for _, other in ipairs(redis.call('LRANGE', list, 0, -1)) do listed[other] = true end
      end
    end
    if not listed[id] then
      redis.call('DEL', key)
      redis.call('ZREM', KEYS[5], id)
      redis.call('ZREM', KEYS[6], id)
      missing[#missing + 1] = i - 4
    end
  end
end
return missing`,
)

/** Which of these deliveries are in no set of the lane. They can be added again afterwards. */
export async function findMissing(
  redis: RedisClient,
  keys: LaneKeys,
  deliveries: readonly Delivery[],
): Promise<Delivery[]> {
  const { prioritized, delayed, active, wait, completed, failed, meta, base } = keys
  const missing: Delivery[] = []
  for (let from = 0; from < deliveries.length; from += CHUNK) {
    const chunk = deliveries.slice(from, from + CHUNK)
    const indexes = await runScript(
      redis,
      MISSING,
      [prioritized, delayed, active, wait, completed, failed, meta],
      [base, MAX_EVENTS_FIELD, MAX_EVENTS, ...chunk.map(deliveryId)],
    )
    for (const index of indexes as number[]) missing.push(chunk[index]!)
  }
  return missing
}
