import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJob } from './create-job.ts'
import type { Jobs } from './jobs.ts'
import { keepJob } from './keep-job.ts'
import { jobKeys } from './keys.ts'
import { readJob } from './read-job.ts'
import { settleJob } from './settle-job.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('keepJob on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'keep-test' })
    jobs = { redis, blobs: memoryBlobStore() }
  })
  afterAll(() => disconnectRedis(redis))

  it('keeps an ended job longer and never shorter', async () => {
    const spec = newSpec({ keepMs: 1_000_000, stream: true })
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })
    const untilMs = Date.now() + 30 * 24 * 3_600_000
    expect(await keepJob(jobs, spec.id, untilMs)).toBe(false)
    await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    expect(await keepJob(jobs, spec.id, untilMs)).toBe(true)
    expect(await keepJob(jobs, spec.id, untilMs - 1_000)).toBe(false)
    expect((await readJob(jobs, spec.id))?.expiresAtMs).toBe(untilMs)
    const { record, events } = jobKeys(spec.id)
    for (const key of [record, events]) expect(await redis.pexpiretime(key)).toBeGreaterThan(untilMs)
  })

  it('brings nothing back', async () => {
    const spec = newSpec()
    expect(await keepJob(jobs, spec.id, Date.now() + 1e9)).toBe(false)
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })
    await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    await redis.hset(jobKeys(spec.id).record, 'expires', '1')
    expect(await keepJob(jobs, spec.id, Date.now() + 1e9)).toBe(false)
  })
})
