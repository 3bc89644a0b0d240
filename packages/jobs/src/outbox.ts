import type { OutboxRow } from '@switchyard/contract/effects'
import { PARTITIONS } from '@switchyard/contract/ids'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { jobKeys, outboxKey } from './keys.ts'
import { redisNow } from './redis-now.ts'

const PER_PARTITION = 200

/** The commands that strike rows off, one for each partition. */
export function acknowledgeCommands(rows: Pick<OutboxRow, 'rowId' | 'jobId'>[]): Command[] {
  return [...Map.groupBy(rows, ({ jobId }) => jobKeys(jobId).outbox)].map(([outbox, some]) => ({
    key: outbox,
    command: 'xdel',
    args: [outbox, ...some.map(({ rowId }) => rowId)],
  }))
}

/** Rows that whoever wrote them has left for longer than `olderThanMs`; row ids are Redis' own clock. */
export async function listOutbox(jobs: Jobs, olderThanMs: number): Promise<OutboxRow[]> {
  const nowMs = await redisNow(jobs.redis)
  const replies = await pipelineBySlot(
    jobs.redis,
    Array.from({ length: PARTITIONS }, (_, partition): Command => {
      const key = outboxKey(partition)
      return { key, command: 'xrange', args: [key, '-', nowMs - olderThanMs, 'COUNT', PER_PARTITION] }
    }),
  )
  return replies.flatMap(({ error, value }) =>
    error
      ? []
      : (value as [string, string[]][]).map(([rowId, fields]) => ({
          rowId,
          jobId: fields[fields.indexOf('j') + 1]!,
          attempt: Number(fields[fields.indexOf('n') + 1]),
          ended: fields.includes('e'),
        })),
  )
}
