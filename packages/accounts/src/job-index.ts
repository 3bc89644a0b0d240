import { BrokerError } from '@switchyard/contract/broker-error'
import { isJobId, newUlid } from '@switchyard/contract/ids'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript, runScript } from '@switchyard/redis/script'
import { jobsKey } from './keys.ts'

/** As long as job records are kept. */
const KEPT_MS = 7 * 24 * 3_600_000
const LONGEST_PAGE = 100

// Job ids begin with their time, so one score for all keeps them in order of time, with a stable order within a millisecond.
const INDEX = defineScript(
  'index-job',
  `redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])`,
)

/** The smallest text that a job id of this moment or later can have. */
function oldestAt(atMs: number): string {
  return `job_${newUlid(Math.max(0, atMs)).slice(0, 10)}`
}

/** `indexJob` as a command for a pipeline. */
export function indexCommand(job: { project: string; jobId: string; createdAtMs: number }): Command {
  return scriptCommand(INDEX, [jobsKey(job.project)], [job.jobId, oldestAt(job.createdAtMs - KEPT_MS), KEPT_MS])
}

/** Lists a job under its project. Safe to repeat. Jobs that are seven days older go from the list. */
export async function indexJob(
  redis: RedisClient,
  job: { project: string; jobId: string; createdAtMs: number },
): Promise<void> {
  await runScript(redis, INDEX, [jobsKey(job.project)], [job.jobId, oldestAt(job.createdAtMs - KEPT_MS), KEPT_MS])
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
