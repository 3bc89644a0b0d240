import { BrokerError } from '@switchyard/contract/broker-error'
import type { RedisClient } from '@switchyard/redis/connect'
import { isBatchId } from './batch-id.ts'
import { projectBatchesKey } from './keys.ts'

/**
 * A page of a project's batch ids, the newest first. `after` is the last id of the page before; pages neither skip nor repeat an id
 * when batches come in between. Throws `invalid_cursor` for an `after` that is no batch id.
 */
export async function listBatches(
  redis: RedisClient,
  project: string,
  page: { after?: string; limit: number },
): Promise<{ ids: string[]; hasMore: boolean }> {
  const { after, limit } = page
  if (after !== undefined && !isBatchId(after)) {
    throw new BrokerError('invalid_cursor', "Invalid value for 'after': expected the id of a batch.", {
      param: 'after',
    })
  }
  // Ids begin with their time, so one score for all keeps them in order of time.
  const from = after === undefined ? '+' : `(${after}`
  const found = await redis.zrevrangebylex(projectBatchesKey(project), from, '-', 'LIMIT', 0, limit + 1)
  return { ids: found.slice(0, limit), hasMore: found.length > limit }
}
