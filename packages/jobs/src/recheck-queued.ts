import { PARTITIONS } from '@switchyard/contract/ids'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { QUEUE_CHECK_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { dueKey, jobKeys } from './keys.ts'
import { redisNow } from './redis-now.ts'

const PAGE = 1_000

/**
 * Something is wrong with these lanes: each of their queued jobs is due now, and not when its turn to be looked at comes. Goes through
 * all jobs that will ever be due, page by page, so it is for rare moments.
 */
export async function recheckQueued(jobs: Jobs, lanes: ReadonlySet<string>): Promise<void> {
  const nowMs = await redisNow(jobs.redis)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const due = dueKey(partition)
    let cursor = '0'
    do {
      const [next, found] = await jobs.redis.zscan(due, cursor, 'COUNT', PAGE)
      cursor = next
      const later: string[] = []
      for (let i = 0; i < found.length; i += 2) {
        if (Number(found[i + 1]) > nowMs + QUEUE_CHECK_MS) later.push(found[i]!)
      }
      await makeDue(jobs, due, await queuedIn(jobs, later, lanes), nowMs)
    } while (cursor !== '0')
  }
}

async function queuedIn(jobs: Jobs, jobIds: string[], lanes: ReadonlySet<string>): Promise<string[]> {
  const replies = await pipelineBySlot(
    jobs.redis,
    jobIds.map((jobId) => {
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

/** Earlier only, and nobody who has left meanwhile: whoever was claimed since then is found so by the look. */
async function makeDue(jobs: Jobs, due: string, jobIds: string[], nowMs: number): Promise<void> {
  if (jobIds.length === 0) return
  await jobs.redis.zadd(due, 'XX', 'LT', ...jobIds.flatMap((jobId) => [nowMs, jobId]))
}
