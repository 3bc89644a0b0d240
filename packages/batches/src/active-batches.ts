import type { RedisClient } from '@switchyard/redis/connect'
import { type BatchRecord, hasEnded } from './batch-record.ts'
import { RECORD_KEPT_MS } from './durations.ts'
import { ACTIVE_KEY, batchKeys } from './keys.ts'
import { readBatch, readBatches } from './read-batch.ts'

/** An entry without a batch is left this long: its creator may be about to write it. */
const UNBORN_MS = 60_000

/** Batches that need somebody: those that have not ended, and those whose end nobody has told of yet. Oldest first. */
export async function listActive(redis: RedisClient): Promise<BatchRecord[]> {
  const entries = await redis.zrange(ACTIVE_KEY, 0, '-1', 'WITHSCORES')
  const ids = entries.filter((_, i) => i % 2 === 0)
  const records = await readBatches(redis, ids)
  const unborn = ids.filter((_, i) => records[i] === null && Date.now() - Number(entries[i * 2 + 1]) > UNBORN_MS)
  if (unborn.length > 0) await redis.zrem(ACTIVE_KEY, ...unborn)
  return records.filter((record) => record !== null)
}

/**
 * Lets an ended batch go: nobody looks at it any more, and after 31 days its record expires; its blobs are collected then. If its failed lines were sent round again at this moment,
 * it stays active.
 */
export async function retireBatch(redis: RedisClient, { spec }: BatchRecord): Promise<void> {
  await Promise.all(Object.values(batchKeys(spec.id)).map((key) => redis.pexpire(key, RECORD_KEPT_MS)))
  await redis.zrem(ACTIVE_KEY, spec.id)
  const now = await readBatch(redis, spec.id)
  if (now && !hasEnded(now.status)) await redis.zadd(ACTIVE_KEY, spec.createdAtMs, spec.id)
}
