import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkRoom, createBatch } from './create-batch.ts'
import { tellValidated } from './tell-validated.ts'
import { newBatchSpec, removeBatch } from './testing/new-batch.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('room for batches on %s', (_name, url) => {
  let redis: RedisClient
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'batches-room-test' })
  })
  afterAll(() => disconnectRedis(redis))

  it('is for 200 of a project that have not ended, whatever many have', async () => {
    const project = `proj_${Date.now()}${Math.random()}`
    const specs = Array.from({ length: 210 }, () => newBatchSpec({ project }))
    await Promise.all(specs.map((spec) => createBatch(redis, spec)))
    await expect(checkRoom(redis, project)).rejects.toMatchObject({ code: 'queue_full', retryAfterMs: 60_000 })
    // Refused as a whole by their inputs.
    const problems = [{ code: 'invalid_json', message: 'no JSON', param: null, line: 1 }]
    for (const { id } of specs.slice(0, 11)) await tellValidated(redis, id, { problems })
    await checkRoom(redis, project)
    await Promise.all(specs.map((spec) => removeBatch({ redis, blobs: memoryBlobStore() }, spec)))
  })
})
