import { PARTITIONS } from '@switchyard/contract/ids'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { endedKey } from './keys.ts'

const PER_PARTITION = 100

export interface EndedPages {
  /** The next ones that ended until then (epoch ms by Redis' clock), the oldest first, a bounded number of each partition. */
  next(untilMs: number): Promise<string[]>
  /** From the oldest again: whoever was given before and is still there is given once more. */
  rewind(): void
}

/** Goes through the ended jobs whose bodies and log are still in Redis: each once, unless two of a partition ended in the same ms. */
export function pageEnded(jobs: Jobs): EndedPages {
  const from = new Array<number>(PARTITIONS).fill(0)
  return {
    async next(untilMs) {
      const replies = await pipelineBySlot(
        jobs.redis,
        from.map((fromMs, partition): Command => {
          const key = endedKey(partition)
          const args = [key, fromMs, untilMs, 'BYSCORE', 'LIMIT', 0, PER_PARTITION, 'WITHSCORES']
          return { key, command: 'zrange', args }
        }),
      )
      return replies.flatMap(({ error, value }, partition) => {
        // Those of a node that is away are asked for with the next page.
        if (error) return []
        const flat = value as string[]
        const ids = flat.filter((_, i) => i % 2 === 0)
        const last = Number(flat.at(-1))
        if (ids.length < PER_PARTITION) from[partition] = Math.max(from[partition]!, untilMs + 1)
        else from[partition] = last > from[partition]! ? last : last + 1
        return ids
      })
    },
    rewind() {
      from.fill(0)
    },
  }
}
