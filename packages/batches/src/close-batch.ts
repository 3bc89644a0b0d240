import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { EndedStatus } from './batch-record.ts'
import { RECORD_KEPT_MS } from './durations.ts'
import { batchKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/**
 * From running to `finalizing`, if it is so: completed = every line has its row, cancelled = somebody cancelled it, expired = its
 * window of time is over. Ends of lines that come later are not heard any more. Safe to repeat.
 */
export async function closeBatch(redis: RedisClient, batchId: string, final: EndedStatus): Promise<boolean> {
  const { record, done, window } = batchKeys(batchId)
  return (await runScript(redis, scripts.close, [record, done, window], [final])) === 1
}

/** From `finalizing` to its last status, once the files are there. False for a repeat. */
export async function finishBatch(
  redis: RedisClient,
  batchId: string,
  files: { output: string | null; errors: string | null },
): Promise<boolean> {
  const { record, done, failed, again, window, rows, segments } = batchKeys(batchId)
  const keys = [record, done, failed, again, window, rows, segments]
  return (await runScript(redis, scripts.finish, keys, [files.output ?? '', files.errors ?? '', RECORD_KEPT_MS])) === 1
}
