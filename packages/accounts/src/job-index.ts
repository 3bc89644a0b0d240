import { BrokerError } from '@switchyard/contract/broker-error'
import { isJobId, newUlid } from '@switchyard/contract/ids'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { jobsKey } from './keys.ts'

/** As long as job records are kept. */
const KEPT_MS = 7 * 24 * 3_600_000
const LONGEST_PAGE = 100

// Job ids begin with their time, so one score for all keeps them in order of time, with a stable order within a millisecond.
// KEYS jobs; ARGV the end of what is too old, ms that the list is kept, then score and id of each job.
const INDEX = defineScript(
  'index-jobs',
  `redis.call('ZADD', KEYS[1], unpack(ARGV, 3))
redis.call('ZREMRANGEBYLEX', KEYS[1], '-', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
)

export interface IndexedJob {
  jobId: string
  createdAtMs: number
}

/** The smallest text that a job id of this moment or later can have. */
function oldestAt(atMs: number): string {
  return `job_${newUlid(Math.max(0, atMs)).slice(0, 10)}`
}

/** Lists a job under its project. Safe to repeat. Jobs that are seven days older go from the list. */
export async function indexJob(redis: RedisClient, job: IndexedJob & { project: string }): Promise<void> {
  const [reply] = await pipelineBySlot(redis, [indexCommand(job.project, [job])])
  if (reply!.error) throw reply!.error
}

/** `indexJob` of some jobs of one project, at most a thousand, as one command for a pipeline. */
export function indexCommand(project: string, jobs: IndexedJob[]): Command {
  const entries: (string | number)[] = []
  let newestMs = 0
  for (const { jobId, createdAtMs } of jobs) {
    entries.push(0, jobId)
    newestMs = Math.max(newestMs, createdAtMs)
  }
  return scriptCommand(INDEX, [jobsKey(project)], [`(${oldestAt(newestMs - KEPT_MS)}`, KEPT_MS, ...entries])
}

/**
 * A page of a project's job ids by time of creation, newest first unless told otherwise. `after` is the last id of the page before;
 * pages neither skip nor repeat an id when jobs come in between. `limit` is brought into 1 to 100.
 * Throws `invalid_cursor` for an `after` that is no job id.
 */
export async function listJobs(
  redis: RedisClient,
  project: string,
  page: { after?: string; limit: number; order?: 'asc' | 'desc' },
): Promise<{ ids: string[]; hasMore: boolean }> {
  const { after, order = 'desc' } = page
  if (after !== undefined && !isJobId(after)) {
    throw new BrokerError('invalid_cursor', '`after` must be the id of a job', { param: 'after' })
  }
  const limit = Math.min(LONGEST_PAGE, Math.max(1, Math.floor(page.limit) || 1))
  const oldest = `[${oldestAt(Date.now() - KEPT_MS)}`
  const key = jobsKey(project)
  const found =
    order === 'asc'
      ? await redis.zrangebylex(key, laterOf(after, oldest), '+', 'LIMIT', 0, limit + 1)
      : await redis.zrevrangebylex(key, after === undefined ? '+' : `(${after}`, oldest, 'LIMIT', 0, limit + 1)
  return { ids: found.slice(0, limit), hasMore: found.length > limit }
}

function laterOf(after: string | undefined, oldest: string): string {
  return after !== undefined && after > oldest.slice(1) ? `(${after}` : oldest
}
