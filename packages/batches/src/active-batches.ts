import type { RedisClient } from '@switchyard/redis/connect'
import { blobsOf } from './batch-blobs.ts'
import { type BatchRecord, hasEnded } from './batch-record.ts'
import type { Batches } from './batches.ts'
import { KEPT_MS, RECORD_KEPT_MS } from './durations.ts'
import { ACTIVE_KEY, batchKeys, ENDED_KEY, projectBatchesKey } from './keys.ts'
import { readBatch, readBatches } from './read-batch.ts'

/** An entry without a batch is left this long: its creator may be about to write it. */
const UNBORN_MS = 60_000
const FORGET_AT_ONCE = 50

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
 * Lets an ended batch go: nobody looks at it any more until it is forgotten. If its failed lines were sent round again at this moment,
 * it stays active.
 */
export async function retireBatch(redis: RedisClient, { spec, nowMs }: BatchRecord): Promise<void> {
  await Promise.all(Object.values(batchKeys(spec.id)).map((key) => redis.pexpire(key, RECORD_KEPT_MS)))
  await redis.zadd(ENDED_KEY, nowMs + KEPT_MS, `${spec.project}/${spec.id}`)
  await redis.zrem(ACTIVE_KEY, spec.id)
  const now = await readBatch(redis, spec.id)
  if (now && !hasEnded(now.status)) await redis.zadd(ACTIVE_KEY, spec.createdAtMs, spec.id)
}

/** Deletes what ended longer than 30 days ago: the blobs first, so that a crash in between leaves somebody who knows of them. */
export async function forgetBatches({ redis, blobs }: Batches, nowMs: number): Promise<number> {
  const due = await redis.zrangebyscore(ENDED_KEY, '-inf', nowMs, 'LIMIT', 0, FORGET_AT_ONCE)
  let forgotten = 0
  for (const entry of due) {
    const [project, id] = entry.split('/') as [string, string]
    const record = await readBatch(redis, id)
    // Sent round again: it will be listed anew at its next end.
    if (!record || hasEnded(record.status)) {
      await blobs.deleteBelow(blobsOf({ project, id }))
      await redis.unlink(...Object.values(batchKeys(id)))
      await redis.zrem(projectBatchesKey(project), id)
      forgotten++
    }
    await redis.zrem(ENDED_KEY, entry)
  }
  return forgotten
}
