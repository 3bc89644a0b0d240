import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { BatchSpec, BatchStatus } from './batch-record.ts'
import { ACTIVE_KEY, batchKeys } from './keys.ts'
import { publishNews } from './news.ts'
import { scripts } from './scripts.ts'

/** Stops or goes on taking lines; those that are jobs already run on. Gives the status: only `validating` and `in_progress` take it. */
export async function pauseBatch(redis: RedisClient, batchId: string, paused: boolean): Promise<BatchStatus | null> {
  const status = await runScript(redis, scripts.pause, [batchKeys(batchId).record], [paused ? 1 : 0])
  await publishNews(redis, [batchId])
  return status as BatchStatus | null
}

/** No line is run any more; what has finished stays. Gives the status before: only `validating` and `in_progress` can be cancelled. */
export async function cancelBatch(redis: RedisClient, batchId: string): Promise<BatchStatus | null> {
  const status = await runScript(redis, scripts.cancel, [batchKeys(batchId).record], [])
  await publishNews(redis, [batchId])
  return status as BatchStatus | null
}

/**
 * Sends the failed lines round again: their rows will be left out of the files. Only `in_progress` and `completed` batches take it; one
 * that had completed runs again. `lines`: how many will run.
 */
export async function retryFailed(
  redis: RedisClient,
  spec: BatchSpec,
): Promise<{ status: BatchStatus | null; lines: number }> {
  const { record, done, failed, again, window, rows, segments } = batchKeys(spec.id)
  const [status, lines] = (await runScript(
    redis,
    scripts.retry,
    [record, done, failed, again, window, rows, segments],
    [spec.windowMs],
  )) as [BatchStatus | null, number]
  if (lines > 0) {
    await redis.zadd(ACTIVE_KEY, spec.createdAtMs, spec.id)
    await publishNews(redis, [spec.id])
  }
  return { status, lines }
}
