import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { BatchSpec } from './batch-record.ts'
import { ACTIVE_KEY, batchKeys, projectBatchesKey } from './keys.ts'
import { publishNews } from './news.ts'
import { scripts } from './scripts.ts'

/**
 * Accepts a batch. It is listed as active first, so that whoever dies in between leaves an entry without a batch, never a batch that
 * nobody looks at. Safe to repeat.
 */
export async function createBatch(redis: RedisClient, spec: BatchSpec): Promise<void> {
  await redis.zadd(ACTIVE_KEY, spec.createdAtMs, spec.id)
  await runScript(
    redis,
    scripts.create,
    [batchKeys(spec.id).record],
    [JSON.stringify(spec), spec.createdAtMs + spec.windowMs],
  )
  await listInProject(redis, spec)
  await publishNews(redis, [spec.id])
}

/** Puts a batch under its project; whoever takes a batch in hand does it again, should its creator have died before. */
export async function listInProject(redis: RedisClient, spec: Pick<BatchSpec, 'id' | 'project'>): Promise<void> {
  await redis.zadd(projectBatchesKey(spec.project), 0, spec.id)
}
