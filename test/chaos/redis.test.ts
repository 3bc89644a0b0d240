import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Api, collect } from '../harness/api.ts'
import { type Stack, startStack } from '../harness/stack.ts'

const GPT_MINI = 'gpt-5.4-mini'
const ask = { model: 'gpt-5-4-mini', messages: [{ role: 'user', content: 'echo: still here' }] }

describe('Redis that dies, hangs and forgets', () => {
  let stack: Stack
  let api: Api

  beforeAll(async () => {
    stack = await startStack()
    api = new Api(stack)
  })
  afterAll(() => stack.stop())
  beforeEach(() => stack.simulator.reset())

  it('killed and started again: accepted jobs finish, new ones are taken within 5 s', { timeout: 60_000 }, async () => {
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 1_500 })
    const before = await Promise.all(Array.from({ length: 10 }, () => api.submit(ask)))
    await stack.simulator.until(before[0]!, (calls) => calls.length === 1)
    const pid = stack.pid('redis')
    process.kill(pid, 'SIGKILL')
    await stack.restarted('redis', pid)
    const backAt = Date.now()
    await expect.poll(async () => (await api.chat(ask)).status, { timeout: 10_000, interval: 100 }).toBe(200)
    // Its own answer takes 1.5 s.
    expect(Date.now() - backAt).toBeLessThan(6_500)
    for (const id of before) expect(await api.ended(id)).toMatchObject({ status: 'completed' })
  })

  it('hanging: ingress says 503 with retry-after within a second or so, and goes on by itself afterwards', {
    timeout: 60_000,
  }, async () => {
    const pid = stack.pid('redis')
    process.kill(pid, 'SIGSTOP')
    try {
      const askedAt = Date.now()
      const response = await api.chat(ask)
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).not.toBeNull()
      expect(await response.json()).toMatchObject({ error: { code: 'service_unavailable' } })
      expect(Date.now() - askedAt).toBeLessThan(2_000)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await expect.poll(async () => (await api.chat(ask)).status, { timeout: 5_000, interval: 100 }).toBe(200)
  })

  it('full: takes nothing new, what was accepted runs to its end', { timeout: 60_000 }, async () => {
    const redis = new Redis(await socketOf(stack))
    const worker = stack.pid('worker')
    process.kill(worker, 'SIGSTOP')
    const ids = await Promise.all(Array.from({ length: 20 }, () => api.submit(ask)))
    const [, maxmemory] = (await redis.config('GET', 'maxmemory')) as [string, string]
    try {
      await redis.config('SET', 'maxmemory', '1mb')
      process.kill(worker, 'SIGCONT')
      for (const id of ids) expect(await api.ended(id)).toMatchObject({ status: 'completed' })
      const refused = await api.chat(ask)
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).not.toBeNull()
    } finally {
      await redis.config('SET', 'maxmemory', maxmemory)
      redis.disconnect()
    }
    await expect.poll(async () => (await api.chat(ask)).status, { timeout: 10_000, interval: 100 }).toBe(200)
  })

  it('with the lanes’ keys deleted: every accepted job is back in its lane and ends', { timeout: 60_000 }, async () => {
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 300 })
    const redis = new Redis(await socketOf(stack))
    const worker = stack.pid('worker')
    process.kill(worker, 'SIGSTOP')
    const ids = await Promise.all(Array.from({ length: 20 }, () => api.submit(ask)))
    const lanes = await redis.keys('sy:lane:*')
    expect(lanes.length).toBeGreaterThan(0)
    await redis.del(...lanes)
    process.kill(worker, 'SIGCONT')
    const deletedAt = Date.now()
    for (const id of ids) expect(await api.ended(id)).toMatchObject({ status: 'completed' })
    expect(Date.now() - deletedAt).toBeLessThan(20_000)
    redis.disconnect()
  })

  it('keeps nothing secret: no key, and no prompt outside of the job', { timeout: 60_000 }, async () => {
    const canary = 'canary-7f3a9c'
    const { events } = await collect(
      await api.chat({ ...ask, stream: true, messages: [{ role: 'user', content: `echo: ${canary}` }] }),
    )
    expect(JSON.stringify(events)).toContain(canary)
    const redis = new Redis(await socketOf(stack))
    for (const key of await redis.keys('*')) {
      const kept = await dump(redis, key)
      expect(JSON.stringify(kept)).not.toContain(stack.key)
      if (/:job:[^:]+:events$/.test(key)) continue
      const {
        request: _request,
        result: _result,
        ...rest
      } = /:job:[^:]+$/.test(key) ? (kept as Record<string, unknown>) : { kept, request: null, result: null }
      expect(JSON.stringify(rest)).not.toContain(canary)
    }
    redis.disconnect()
    expect(stack.log()).not.toContain(canary)
    expect(stack.log()).not.toContain(stack.key)
  })
})

async function socketOf(stack: Stack): Promise<string> {
  const directory = join(stack.dataDir, 'redis')
  const socket = (await readdir(directory)).find((name) => name.endsWith('.sock'))
  if (!socket) throw new Error(`no socket in ${directory}`)
  return join(directory, socket)
}

async function dump(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key)
    case 'hash':
      return redis.hgetall(key)
    case 'zset':
      return redis.zrange(key, '0', '-1')
    case 'stream':
      return redis.xrange(key, '-', '+')
    case 'set':
      return redis.smembers(key)
    case 'list':
      return redis.lrange(key, '0', '-1')
    default:
      return null
  }
}
