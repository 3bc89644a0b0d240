import { type BatchRecord, hasEnded } from '@switchyard/batches/batch-record'
import { recordEvents } from '@switchyard/notifications/record-events'
import type { RedisClient } from '@switchyard/redis/connect'

/** The event of a batch's end, for webhooks and the feed. Safe to repeat; a batch whose failed lines ran again ends once more. */
export async function tellBatchEnd(redis: RedisClient, { spec, status, nowMs, ...batch }: BatchRecord): Promise<void> {
  if (!hasEnded(status)) return
  const [problem] = await recordEvents(redis, [
    {
      project: spec.project,
      effectId: `${spec.id}.${batch.try}.end.feed`,
      type: `batch.${status}`,
      dataId: spec.id,
      atMs: nowMs,
    },
  ])
  if (problem) throw problem
}
