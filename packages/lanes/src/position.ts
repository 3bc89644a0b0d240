import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { type Delivery, deliveryId } from './delivery.ts'
import type { LaneKeys } from './keys.ts'

// `wait` holds only deliveries of crashed consumers; it is served first, from its right end. -1: it does not wait.
const POSITION = defineScript(
  'lane-position',
  `
local ahead = redis.call('LLEN', KEYS[2])
local positions = {}
for i = 1, #ARGV do
  local rank = redis.call('ZRANK', KEYS[1], ARGV[i])
  local index = not rank and ahead > 0 and redis.call('LPOS', KEYS[2], ARGV[i], 'RANK', -1, 'MAXLEN', 1000)
  positions[i] = rank and ahead + rank or index and ahead - 1 - index or -1
end
return positions`,
)

/** How many deliveries are served before each of these, 0 for the next; null for one that is not waiting. One pipeline, O(log n) each. */
export async function readPositions(
  redis: RedisClient,
  asked: readonly { keys: LaneKeys; delivery: Delivery }[],
): Promise<(number | null)[]> {
  const positions: (number | null)[] = asked.map(() => null)
  const byLane = [...Map.groupBy(asked.keys(), (index) => asked[index]!.keys).entries()]
  const replies = await pipelineBySlot(
    redis,
    byLane.map(([{ prioritized, wait }, indexes]) =>
      scriptCommand(
        POSITION,
        [prioritized, wait],
        indexes.map((index) => deliveryId(asked[index]!.delivery)),
      ),
    ),
  )
  replies.forEach(({ error, value }, i) => {
    if (error) throw error
    const found = value as number[]
    byLane[i]![1].forEach((index, j) => {
      positions[index] = found[j]! < 0 ? null : found[j]!
    })
  })
  return positions
}
