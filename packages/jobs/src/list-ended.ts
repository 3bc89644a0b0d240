import { PARTITIONS } from '@switchyard/contract/ids'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { endedKey } from './keys.ts'

const PER_PARTITION = 50

/** Ended jobs that still fill Redis, the oldest first: what can leave when it gets full. */
export async function listEnded(jobs: Jobs): Promise<string[]> {
  const replies = await pipelineBySlot(
    jobs.redis,
    Array.from({ length: PARTITIONS }, (_, partition): Command => {
      const key = endedKey(partition)
      return { key, command: 'zrange', args: [key, 0, PER_PARTITION - 1] }
    }),
  )
  return replies.flatMap(({ error, value }) => (error ? [] : (value as string[])))
}
