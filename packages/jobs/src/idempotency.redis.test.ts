import { randomUUID } from 'node:crypto'
import { newJobId } from '@switchyard/contract/ids'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimIdempotencyKey, fingerprintOf, type KeyedRequest, releaseIdempotencyKey } from './idempotency.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('idempotency keys on %s', (_name, url) => {
  let redis: RedisClient
  let request: KeyedRequest
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'idempotency-test' })
    const fingerprint = fingerprintOf('/v1/chat/completions', Buffer.from('{}'))
    request = { project: `proj_${randomUUID()}`, key: 'order 17: {}"\u00fc', jobId: newJobId(), fingerprint }
  })
  afterEach(() => disconnectRedis(redis))
  const claim = (over: Partial<KeyedRequest> = {}) => claimIdempotencyKey({ redis }, { ...request, ...over })

  it('lets one of a thousand make the job, and tells all others which it is', async () => {
    const ids = Array.from({ length: 1_000 }, () => newJobId())
    const claims = await Promise.all(ids.map((jobId) => claim({ jobId })))
    const [first, ...others] = claims.flatMap((claimed) => (claimed.kind === 'first' ? [claimed] : []))
    expect(others).toEqual([])
    expect(claims.filter(({ kind }) => kind === 'replay')).toHaveLength(999)
    expect(new Set(claims.map((claimed) => 'jobId' in claimed && claimed.jobId))).toEqual(new Set([first!.jobId]))
  })

  it('knows its own claim again after a lost answer', async () => {
    const first = { kind: 'first', jobId: request.jobId }
    expect([await claim(), await claim()]).toEqual([first, first])
  })

  it('refuses the key for another request, also from its first writer', async () => {
    await claim()
    for (const [endpoint, body] of [
      ['/v1/chat/completions', '{ }'],
      ['/v1/embeddings', '{}'],
    ] as const) {
      const fingerprint = fingerprintOf(endpoint, Buffer.from(body))
      expect(await claim({ fingerprint })).toEqual({ kind: 'reused' })
      expect(await claim({ fingerprint, jobId: newJobId() })).toEqual({ kind: 'reused' })
    }
  })

  it('holds for one project and one key alone', async () => {
    await claim()
    for (const over of [{ project: `proj_${randomUUID()}` }, { key: `${request.key} ` }]) {
      const jobId = newJobId()
      expect(await claim({ ...over, jobId })).toEqual({ kind: 'first', jobId })
    }
  })

  it('keeps it for a day', async () => {
    await claim()
    await claim({ jobId: newJobId() })
    const nodes = 'nodes' in redis ? redis.nodes('master') : [redis]
    const keys = (await Promise.all(nodes.map((node) => node.keys(`sy:{${request.project}}:idem:*`)))).flat()
    expect(keys).toHaveLength(1)
    expect(keys[0]).not.toContain('order')
    const leftMs = await redis.pttl(keys[0]!)
    expect(leftMs).toBeGreaterThan(24 * 3_600_000 - 60_000)
    expect(leftMs).toBeLessThanOrEqual(24 * 3_600_000)
  })

  it('is free again when its own job was refused', async () => {
    await claim()
    const jobId = newJobId()
    await releaseIdempotencyKey({ redis }, { ...request, jobId })
    expect(await claim({ jobId })).toMatchObject({ kind: 'replay', jobId: request.jobId })
    await releaseIdempotencyKey({ redis }, request)
    expect(await claim({ jobId })).toEqual({ kind: 'first', jobId })
  })
})
