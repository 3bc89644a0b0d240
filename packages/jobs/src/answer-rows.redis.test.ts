import { randomUUID } from 'node:crypto'
import { newJobId } from '@switchyard/contract/ids'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimAnswer } from './answer-rows.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('rows of answers on %s', (_name, url) => {
  let redis: RedisClient
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'answers-test' })
  })
  afterEach(() => disconnectRedis(redis))

  it('are replaced by one of those who found the standing one wanting', async () => {
    const row = { project: `proj_${randomUUID()}`, digest: 'd' }
    const first = newJobId()
    expect(await claimAnswer({ redis }, { ...row, jobId: first, instead: null })).toBe(first)
    expect(await claimAnswer({ redis }, { ...row, jobId: newJobId(), instead: null })).toBe(first)
    const ids = Array.from({ length: 50 }, () => newJobId())
    const standing = await Promise.all(ids.map((jobId) => claimAnswer({ redis }, { ...row, jobId, instead: first })))
    expect(new Set(standing).size).toBe(1)
    expect(ids).toContain(standing[0])
    // Who looked at the first one only now is late.
    expect(await claimAnswer({ redis }, { ...row, jobId: newJobId(), instead: first })).toBe(standing[0])
  })
})
