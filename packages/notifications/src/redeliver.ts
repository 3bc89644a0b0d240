import type { DeliveryStatus } from '@switchyard/contract/webhook'
import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { isDeliveryId } from './deliveries.ts'
import { logKey, projectKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import { wake } from './wake.ts'

/** Of one call; the next one takes the rest. */
const MOST_REDELIVERED = 10_000
const PER_SCRIPT = 200

/** Begins a new round of tries now, with the same `webhook-id`. False when the owner has no such delivery, or it was a test. */
export async function redeliver(redis: RedisClient, project: string, owner: string, id: string): Promise<boolean> {
  if (!isDeliveryId(id)) return false
  return (await run(redis, project, owner, [id])) === 1
}

/**
 * The same for every delivery of this status that was created within the range (epoch ms, both ends included), the oldest first, 10,000
 * at most. Gives how many are on their way again, and whether there are more.
 */
export async function redeliverRange(
  redis: RedisClient,
  project: string,
  owner: string,
  range: { afterMs: number; beforeMs: number; status: DeliveryStatus },
): Promise<{ count: number; hasMore: boolean }> {
  const ids = await redis.zrangebyscore(
    logKey(project, owner, range.status),
    range.afterMs,
    range.beforeMs,
    'LIMIT',
    0,
    MOST_REDELIVERED + 1,
  )
  let count = 0
  for (let i = 0; i < Math.min(ids.length, MOST_REDELIVERED); i += PER_SCRIPT) {
    count += await run(redis, project, owner, ids.slice(i, Math.min(i + PER_SCRIPT, MOST_REDELIVERED)))
  }
  return { count, hasMore: ids.length > MOST_REDELIVERED }
}

async function run(redis: RedisClient, project: string, owner: string, ids: string[]): Promise<number> {
  const { queues, prefix } = projectKeys(project)
  const count = (await runScript(redis, scripts.redeliver, [queues], [prefix, owner, ...ids])) as number
  if (count > 0) await wake(redis, [project])
  return count
}
