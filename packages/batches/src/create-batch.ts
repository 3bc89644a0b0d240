import { BrokerError } from '@switchyard/contract/broker-error'
import { newUlid } from '@switchyard/contract/ids'
import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { BatchSpec } from './batch-record.ts'
import { hasEnded } from './batch-record.ts'
import { LISTED_MS } from './durations.ts'
import { ACTIVE_KEY, batchKeys, projectBatchesKey } from './keys.ts'
import { listBatches } from './list-batches.ts'
import { publishNews } from './news.ts'
import { readStatuses } from './read-batch.ts'
import { scripts } from './scripts.ts'

/** Batches that are not over yet, of one project: each is looked at some times a second while any of them has news. */
const MOST_ACTIVE = 200

/** Throws `queue_full` when the project has as many batches under way as it may. A race of creators may overstep it by a few. */
export async function checkRoom(redis: RedisClient, project: string): Promise<void> {
  const { ids } = await listBatches(redis, project, { limit: 2 * MOST_ACTIVE })
  if (ids.length < MOST_ACTIVE) return
  const active = (await readStatuses(redis, ids)).filter((status) => status !== null && !hasEnded(status))
  if (active.length < MOST_ACTIVE) return
  throw new BrokerError('queue_full', `${MOST_ACTIVE} batches of this project are under way. Wait for one to end.`, {
    retryAfterMs: 60_000,
  })
}

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

/**
 * Puts a batch under its project, and takes out those that are gone. Whoever takes a batch in hand does it again, should its creator have died
 * before.
 */
export async function listInProject(
  redis: RedisClient,
  spec: Pick<BatchSpec, 'id' | 'project' | 'createdAtMs'>,
): Promise<void> {
  const key = projectBatchesKey(spec.project)
  await redis.zadd(key, 0, spec.id)
  // Ids begin with their time.
  await redis.zremrangebylex(key, '-', `(batch_${newUlid(Math.max(0, spec.createdAtMs - LISTED_MS)).slice(0, 10)}`)
}
