import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { archiveJob } from './archive-job.ts'
import { createJob } from './create-job.ts'
import { eraseJob } from './erase-job.ts'
import type { Jobs } from './jobs.ts'
import { readJob } from './read-job.ts'
import { settleJob } from './settle-job.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('an archive on %s', (_name, url) => {
  let redis: RedisClient
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'archive-test' })
  })
  afterEach(() => disconnectRedis(redis))

  it('leaves no blob behind of a job that is erased while it is written', async () => {
    const blobs = memoryBlobStore()
    const spec = newSpec({ stream: false })
    const jobs: Jobs = { redis, blobs }
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })
    await settleJob(jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    const written: string[] = []
    const put: typeof blobs.put = async (name, data, options) => {
      await eraseJob(jobs, spec.id, spec.project)
      await blobs.put(name, data, options)
      written.push(name)
    }
    await archiveJob({ redis, blobs: { ...blobs, put } }, spec.id)
    expect(written).toHaveLength(1)
    expect(blobs.names()).toEqual([])
    expect(await readJob(jobs, spec.id)).toMatchObject({ archive: null })
  })
})
