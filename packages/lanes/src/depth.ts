import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import type { LaneKeys } from './keys.ts'

export interface LaneDepth {
  /** Ready to be fetched. */
  waiting: number
  /** Not before a moment that is still to come, or that nobody has noticed yet. */
  delayed: number
  active: number
  /** Those of `delayed` whose moment is over. */
  due: number
}

// BullMQ scores a delayed delivery with its moment in ms times 4,096.
const DEPTH = defineScript(
  'lane-depth',
  `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
return {
  redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]),
  redis.call('ZCARD', KEYS[3]),
  redis.call('LLEN', KEYS[4]),
  redis.call('ZCOUNT', KEYS[3], '-inf', (nowMs + 1) * 4096 - 1),
}`,
)

/** How many deliveries a lane has, by state. O(1) but for `due`, which is O(log n). */
export async function readDepth(redis: RedisClient, keys: LaneKeys): Promise<LaneDepth> {
  const counts = (await runScript(redis, DEPTH, [keys.wait, keys.prioritized, keys.delayed, keys.active], [])) as [
    number,
    number,
    number,
    number,
  ]
  const [waiting, delayed, active, due] = counts
  return { waiting, delayed, active, due }
}
