import { createHash } from 'node:crypto'
import { defineScript, runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { idempotencyKey } from './keys.ts'

/** As long as the contract promises, whatever becomes of the job's own record meanwhile. */
const KEPT_MS = 24 * 3_600_000

/** KEYS row. ARGV job id and fingerprint, ms to live. Gives the row that stands. */
const CLAIM = defineScript(
  'claim-idempotency-key',
  `local row = redis.call('GET', KEYS[1])
if row then return row end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`,
)

/** KEYS row. ARGV job id. */
const RELEASE = defineScript(
  'release-idempotency-key',
  `local row = redis.call('GET', KEYS[1])
if row and string.sub(row, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then redis.call('DEL', KEYS[1]) end`,
)

/** A request under its `Idempotency-Key`. */
export interface KeyedRequest {
  project: string
  key: string
  /** The id that its job is to have. */
  jobId: string
  /** What makes it the same request (`fingerprintOf`). */
  fingerprint: string
}

/** `first`: make the job. `replay`: it has been made, or is being made by another request. `reused`: the key stands for another request. */
export type KeyClaim = { kind: 'first' | 'replay'; jobId: string } | { kind: 'reused' }

/** What a project's key stands for by now, null for nothing yet. */
export async function findIdempotencyKey(
  jobs: Pick<Jobs, 'redis'>,
  request: Omit<KeyedRequest, 'jobId'>,
): Promise<KeyClaim | null> {
  const row = await jobs.redis.get(idempotencyKey(request.project, digest(request.key)))
  return row === null ? null : readRow(row, request.fingerprint, null)
}

/**
 * Ties a key of a project to a job id, for 24 h; the first writer wins. Written before the job: who repeats this with the same id after a
 * lost answer is still the first, and makes the job, which is safe to repeat. Rejects when Redis does not answer.
 */
export async function claimIdempotencyKey(jobs: Pick<Jobs, 'redis'>, request: KeyedRequest): Promise<KeyClaim> {
  const { project, key, jobId, fingerprint } = request
  const row = await runScript(
    jobs.redis,
    CLAIM,
    [idempotencyKey(project, digest(key))],
    [`${jobId} ${fingerprint}`, KEPT_MS],
  )
  return readRow(row as string, fingerprint, jobId)
}

function readRow(row: string, fingerprint: string, jobId: string | null): KeyClaim {
  const [standing, seen] = row.split(' ') as [string, string]
  if (seen !== fingerprint) return { kind: 'reused' }
  return { kind: standing === jobId ? 'first' : 'replay', jobId: standing }
}

/** The job was refused and will never be: the key is free again, unless it stands for another job. */
export async function releaseIdempotencyKey(
  jobs: Pick<Jobs, 'redis'>,
  { project, key, jobId }: Pick<KeyedRequest, 'project' | 'key' | 'jobId'>,
): Promise<void> {
  await runScript(jobs.redis, RELEASE, [idempotencyKey(project, digest(key))], [jobId])
}

/** Of the endpoint and the body's bytes: the same for the same request, and nothing can be read from it. */
export function fingerprintOf(endpoint: string, body: Buffer): string {
  return createHash('sha256').update(endpoint).update('\0').update(body).digest('base64url')
}

/** A caller's own text is no part of a key name. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
