import { defineScript, runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { answerKey, jobKeys } from './keys.ts'

/** A stored answer is shared for so long at most; whether it is kept that long is its job's own term. */
const SHARED_MS = 24 * 3_600_000

/** KEYS row. ARGV job id, the id that it may replace or '', ms to live. Gives the id that stands. */
const CLAIM = defineScript(
  'claim-answer',
  `local row = redis.call('GET', KEYS[1])
if row and row ~= ARGV[2] then return row end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return ARGV[1]`,
)

/** KEYS record. */
const CONTINUE = defineScript(
  'continue-unread',
  `local status = redis.call('HGET', KEYS[1], 'status')
if status ~= 'queued' and status ~= 'in_progress' then return 0 end
redis.call('HSET', KEYS[1], 'ondisconnect', 'continue')
return 1`,
)

/**
 * Which job answers a request of a project, by the request's digest: the first one, until somebody found that it gives no answer (any more)
 * and puts another `instead`. Gives the id that stands; safe to repeat. Rejects when Redis does not answer.
 */
export async function claimAnswer(
  jobs: Pick<Jobs, 'redis'>,
  row: { project: string; digest: string; jobId: string; instead: string | null },
): Promise<string> {
  const key = answerKey(row.project, row.digest)
  return (await runScript(jobs.redis, CLAIM, [key], [row.jobId, row.instead ?? '', SHARED_MS])) as string
}

/** Somebody wants the end of this job without following it: it is not cancelled when its last reader leaves. */
export async function continueUnread(jobs: Pick<Jobs, 'redis'>, jobId: string): Promise<void> {
  await runScript(jobs.redis, CONTINUE, [jobKeys(jobId).record], [])
}
