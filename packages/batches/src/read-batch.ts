import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { type BatchRecord, type BatchStatus, parseBatch } from './batch-record.ts'
import { batchKeys } from './keys.ts'
import { scripts } from './scripts.ts'

export async function readBatch(redis: RedisClient, batchId: string): Promise<BatchRecord | null> {
  const [record] = await readBatches(redis, [batchId])
  return record ?? null
}

/** Batches in the order of their ids, null where there is none. One pipeline. */
export async function readBatches(redis: RedisClient, batchIds: string[]): Promise<(BatchRecord | null)[]> {
  const replies = await pipelineBySlot(
    redis,
    batchIds.map((batchId) => {
      const { record, done, failed, window } = batchKeys(batchId)
      return scriptCommand(scripts.read, [record, done, failed, window], [])
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    return value === null ? null : parseBatch(value as Parameters<typeof parseBatch>[0])
  })
}

/** Their statuses alone, in their order, null where there is none: a hundredth of what their records cost. */
export async function readStatuses(redis: RedisClient, batchIds: readonly string[]): Promise<(BatchStatus | null)[]> {
  const replies = await pipelineBySlot(
    redis,
    batchIds.map((batchId) => {
      const { record } = batchKeys(batchId)
      return { key: record, command: 'hget', args: [record, 'status'] }
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    return value as BatchStatus | null
  })
}

/** Which of these batches there are, in their order. Throws when Redis does not say it of all. */
export async function batchesExist(redis: RedisClient, batchIds: readonly string[]): Promise<boolean[]> {
  const replies = await pipelineBySlot(
    redis,
    batchIds.map((batchId) => {
      const { record } = batchKeys(batchId)
      return { key: record, command: 'exists', args: [record] }
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    return value === 1
  })
}
