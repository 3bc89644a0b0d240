import { PARTITIONS } from '@switchyard/contract/ids'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { dueKey, jobKeys } from './keys.ts'
import { redisNow } from './redis-now.ts'

/**
 * Something is wrong with these lanes: each of their queued jobs that is to be looked at within `withinMs` is due now. Goes through all
 * jobs of any lane that are, so it is for rare moments.
 * @returns how many are due now that were not
 */
export async function recheckQueued(jobs: Jobs, lanes: ReadonlySet<string>, withinMs: number): Promise<number> {
  const nowMs = await redisNow(jobs.redis)
  let count = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const due = dueKey(partition)
    const later = await jobs.redis.zrange(due, `${nowMs}`, `${nowMs + withinMs}`, 'BYSCORE')
    const queued = await queuedIn(jobs, later, lanes)
    // Earlier only, and nobody who has left meanwhile; whoever was claimed since then is found so by the look.
    if (queued.length > 0) await jobs.redis.zadd(due, 'XX', 'LT', ...queued.flatMap((jobId) => [nowMs, jobId]))
    count += queued.length
  }
  return count
}

async function queuedIn(jobs: Jobs, jobIds: string[], lanes: ReadonlySet<string>): Promise<string[]> {
  const replies = await pipelineBySlot(
    jobs.redis,
    jobIds.map((jobId): Command => {
      const { record } = jobKeys(jobId)
      return { key: record, command: 'hmget', args: [record, 'status', 'lane'] }
    }),
  )
  return jobIds.filter((_, i) => {
    const { error, value } = replies[i]!
    if (error) throw error
    const [status, lane] = value as [string | null, string | null]
    return status === 'queued' && lane !== null && lanes.has(lane)
  })
}
