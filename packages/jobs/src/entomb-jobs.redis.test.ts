import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { beginAttempt } from './begin-attempt.ts'
import { claimJob } from './claim-job.ts'
import { createJob } from './create-job.ts'
import { endAttempt } from './end-attempt.ts'
import { entombJobs } from './entomb-jobs.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { readJob } from './read-job.ts'
import { settleJob } from './settle-job.ts'
import { newBeginning, newEnding } from './testing/new-attempt.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('entombing on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'entomb-test' })
    jobs = { redis, blobs: memoryBlobStore() }
  })
  afterAll(() => disconnectRedis(redis))

  /** A job that was answered at the given attempt; those before failed. */
  async function ended(attempts: number) {
    const spec = newSpec({ stream: false })
    await createJob(jobs, { spec, body: Buffer.from('{"a":1}'), reader: null })
    const verdict = await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w1', suspect: false })
    if (verdict.kind !== 'claimed') throw new Error(verdict.kind)
    const { fence } = verdict.claim
    for (let number = 1; number <= attempts; number++) {
      const beginning = newBeginning(number, fence)
      await beginAttempt(jobs, spec.id, beginning)
      if (number < attempts) await endAttempt(jobs, spec.id, fence, beginning, newEnding('failed'))
    }
    const attempt = { number: attempts, ending: newEnding('completed') }
    await settleJob(jobs, spec, { fence }, { status: 'completed', failure: null, body: '{"b":2}', attempt })
    return spec
  }

  it('leaves a trace that keeps the id taken', async () => {
    const spec = await ended(1)
    await entombJobs(jobs, [{ spec, resultBlob: null }])
    const { record, due } = jobKeys(spec.id)
    expect(await readJob(jobs, spec.id)).toBeNull()
    expect(await redis.hget(record, 'status')).toBe('completed')
    expect(await redis.pttl(record)).toBeGreaterThan(60_000)
    expect(await redis.zscore(due, spec.id)).toBeNull()
    expect(await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })).toBeNull()
    const again = await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w2', suspect: false })
    expect(again.kind).toBe('drop')
  })

  it('keeps the bill where more than one attempt may be owed', async () => {
    const spec = await ended(2)
    await entombJobs(jobs, [{ spec, resultBlob: null }])
    expect((await readJob(jobs, spec.id))!.attempts).toMatchObject([{ status: 'failed' }, { status: 'completed' }])
    expect(await redis.hmget(jobKeys(spec.id).record, 'request', 'result')).toEqual([null, null])
  })

  it('leaves a job alone that has not ended', async () => {
    const spec = newSpec({ stream: false })
    await createJob(jobs, { spec, body: Buffer.from('{"a":1}'), reader: null })
    await entombJobs(jobs, [{ spec, resultBlob: null }])
    expect(await readJob(jobs, spec.id)).toMatchObject({ status: 'queued' })
    expect(await redis.hget(jobKeys(spec.id).record, 'request')).toBe('{"a":1}')
  })
})
