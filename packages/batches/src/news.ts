import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { publishCommand } from '@switchyard/redis/publish'
import { NEWS_CHANNEL } from './keys.ts'

/** Tells whoever feeds or reads batches that these have changed. Lost messages are made good by their own looks. */
export async function publishNews(redis: RedisClient, batchIds: readonly string[]): Promise<void> {
  await pipelineBySlot(redis, [publishCommand(NEWS_CHANNEL, [...new Set(batchIds)].join(','))])
}

export function parseNews(message: string): string[] {
  return message.split(',')
}
