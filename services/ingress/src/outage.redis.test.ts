import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { errorIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', choices: [] })
let redis: OwnRedis
let stack: Stack

afterEach(async () => {
  await stack.stop()
  await redis.remove()
})

/** Every endpoint that needs the store says so within a second. */
async function expectUnavailable(): Promise<void> {
  const job = 'job_01JABCDEFGHJKMNPQRSTVWXYZ0'
  const asks: [string, () => Promise<Response>][] = [
    ['chat', () => stack.chat()],
    ['stream', () => stack.chat({ stream: true })],
    ['async', () => stack.chat({}, { prefer: 'respond-async' })],
    ['job', () => stack.fetch(`/v1/jobs/${job}`)],
    ['events', () => stack.fetch(`/v1/jobs/${job}/events`)],
    ['cancel', () => stack.fetch(`/v1/jobs/${job}/cancel`, { method: 'POST' })],
    ['list', () => stack.fetch('/v1/jobs')],
    ['readyz', () => fetch(`${stack.url}/readyz`)],
  ]
  await Promise.all(
    asks.map(async ([name, ask]) => {
      const startedMs = performance.now()
      const response = await ask()
      const tookMs = performance.now() - startedMs
      expect([name, response.status, (await errorIn(response)).code]).toEqual([name, 503, 'service_unavailable'])
      expect([name, response.headers.get('retry-after')]).toEqual([name, '1'])
      // A second, and what a busy machine adds.
      expect(tookMs).toBeLessThan(1_500)
    }),
  )
}

describe('with Redis away', () => {
  it('everything that needs it is a 503 within a second, and serves again by itself', async () => {
    redis = await startOwnRedis()
    stack = await startStack({ redisUrl: redis.url, outages: true })
    await redis.kill()
    await expectUnavailable()
    expect((await fetch(`${stack.url}/healthz`)).status).toBe(200)
    await redis.start()
    await vi.waitUntil(async () => (await fetch(`${stack.url}/readyz`)).status === 200, { timeout: 5_000 })
    const asked = stack.chat()
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    expect((await asked).status).toBe(200)
    const logged = stack.logged.join('')
    expect(logged).not.toContain(stack.key)
    expect(logged).not.toContain('Hello')
    expect(stack.logged.length).toBeLessThan(60)
  }, 20_000)

  it('that hangs it is the same', async () => {
    redis = await startOwnRedis()
    stack = await startStack({ redisUrl: redis.url, outages: true })
    redis.pause()
    await expectUnavailable()
    redis.resume()
    await vi.waitUntil(async () => (await fetch(`${stack.url}/readyz`)).status === 200, { timeout: 5_000 })
  }, 20_000)

  it('a stream that was open goes on where it was', async () => {
    redis = await startOwnRedis()
    stack = await startStack({ redisUrl: redis.url, outages: true })
    const opened = stack.chat({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.append('a')
    const events = readEventStream(await opened)
    await events.has('id: 0')
    await redis.kill()
    await redis.start()
    await job.append('b')
    await job.complete(null)
    expect(await events.ended).toBe(true)
    expect(events.text()).toBe('id: 0\ndata: a\n\nid: 1\ndata: b\n\nid: 2\ndata: [DONE]\n\n')
  }, 20_000)
})

describe('with Redis nearly full', () => {
  it('new jobs are turned away, running ones can be read and cancelled', async () => {
    redis = await startOwnRedis()
    await redis.ask('CONFIG', 'SET', 'maxmemory', '100mb')
    stack = await startStack({ redisUrl: redis.url, outages: true })
    const asked = stack.chat()
    const job = await stack.worker.next()
    for (let i = 0; i < 80; i++) await redis.ask('APPEND', 'filler', 'x'.repeat(1_000_000))
    await vi.waitUntil(async () => (await stack.chat({}, { prefer: 'respond-async' })).status === 503, {
      timeout: 5_000,
    })
    const refused = await stack.chat()
    expect([(await errorIn(refused)).code, refused.headers.get('retry-after')]).toEqual(['service_unavailable', '5'])
    expect((await stack.fetch(`/v1/jobs/${job.id}`)).status).toBe(200)
    await job.begin()
    await job.complete(ANSWER)
    expect((await asked).status).toBe(200)
    await redis.ask('DEL', 'filler')
    await vi.waitUntil(async () => (await stack.chat({}, { prefer: 'respond-async' })).status === 202, {
      timeout: 5_000,
    })
  }, 20_000)
})
