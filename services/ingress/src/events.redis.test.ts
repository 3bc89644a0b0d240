import { recordEvents } from '@switchyard/notifications/record-events'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { createParser } from 'eventsource-parser'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { errorIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

interface Page {
  data: { id: string; data: { id: string } }[]
  last_id: string | null
  has_more: boolean
}

describe.each(['TEST_REDIS_URL', 'TEST_REDIS_CLUSTER'])('GET /v1/events on %s', (variable) => {
  let stack: Stack
  let redis: RedisClient
  let count = 0
  beforeEach(async () => {
    stack = await startStack({ redisUrl: required(variable) })
    redis = await connectRedis(required(variable), { role: 'consumer', name: 'events-test' })
    count = 0
  })
  afterEach(async () => {
    await stack.stop()
    await disconnectRedis(redis)
  })

  async function happen(times: number): Promise<void> {
    const events = Array.from({ length: times }, () => {
      count++
      const dataId = `batch_${count}`
      return { project: stack.project, effectId: dataId, type: 'batch.completed' as const, dataId, atMs: Date.now() }
    })
    await recordEvents(redis, events)
  }

  const page = async (query: string): Promise<Page> => (await stack.fetch(`/v1/events${query}`)).json() as Promise<Page>

  function follow(query = '', headers: Record<string, string> = {}): Promise<Response> {
    return stack.fetch(`/v1/events${query}`, { headers: { accept: 'text/event-stream', ...headers } })
  }

  function idsIn(text: string): string[] {
    const ids: string[] = []
    createParser({ onEvent: ({ data }) => ids.push((JSON.parse(data) as { data: { id: string } }).data.id) }).feed(text)
    return ids
  }

  it('pages through them, and goes on when more have come', async () => {
    await happen(45)
    const seen: string[] = []
    let after = ''
    for (let more = true; more; ) {
      const got = await page(`?limit=20${after}`)
      seen.push(...got.data.map(({ data }) => data.id))
      after = `&after=${got.last_id}`
      more = got.has_more
    }
    expect(seen).toEqual(Array.from({ length: 45 }, (_, i) => `batch_${i + 1}`))
    await happen(1)
    expect((await page(`?limit=20${after}`)).data).toMatchObject([
      { type: 'batch.completed', data: { id: 'batch_46' } },
    ])
  })

  it('is a project’s own, and refuses what is no cursor', async () => {
    await happen(1)
    const [first] = (await page('')).data
    const foreign = await stack.fetchAsOther('/v1/events')
    expect(await foreign.json()).toMatchObject({ data: [], last_id: null })
    const taken = await stack.fetchAsOther(`/v1/events?after=${first!.id}`)
    expect([taken.status, (await errorIn(taken)).code]).toEqual([400, 'invalid_cursor'])
    for (const send of [
      () => stack.fetch('/v1/events?after=x'),
      () => stack.fetch('/v1/events?limit=1001'),
      () => follow('?after=x'),
      () => follow('', { 'last-event-id': 'evt_x' }),
    ]) {
      const response = await send()
      expect(response.status).toBe(400)
    }
    const old = await stack.fetch(`/v1/events?after=evt_00000000${first!.id.slice(12)}`)
    expect([old.status, (await errorIn(old)).code]).toEqual([410, 'stream_expired'])
  })

  it('streams what there was and what comes, and goes on after the last event seen', async () => {
    await happen(250)
    const stream = readEventStream(await follow())
    await stream.has('"batch_250"')
    await happen(1)
    await stream.has('"batch_251"')
    expect(idsIn(stream.text())).toEqual(Array.from({ length: 251 }, (_, i) => `batch_${i + 1}`))
    const { data } = await page('?limit=1000')
    const resumed = readEventStream(await follow(`?after=${data[0]!.id}`, { 'last-event-id': data[249]!.id }))
    await resumed.has('"batch_251"')
    await happen(1)
    await resumed.has('"batch_252"')
    expect(idsIn(resumed.text())).toEqual(['batch_251', 'batch_252'])
    expect(resumed.text()).toContain(`id: ${data[250]!.id}\nevent: batch.completed\n`)
  })

  it('is live without a poll', async () => {
    const stream = readEventStream(await follow())
    // Up when it hears: the first one may come by the look that follows the subscription.
    await happen(1)
    await stream.has('"batch_1"')
    const took: number[] = []
    for (let i = 2; i <= 20; i++) {
      const sinceMs = performance.now()
      await happen(1)
      await stream.has(`"batch_${i}"`)
      took.push(performance.now() - sinceMs)
    }
    expect(took.toSorted((a, b) => a - b)[9]).toBeLessThan(100)
  })

  it('does not end cleanly when its server does', async () => {
    const stream = readEventStream(await follow())
    await happen(1)
    await stream.has('"batch_1"')
    await stack.ingress.stop()
    expect(await stream.ended).toBe(false)
    expect(stream.text()).toContain('stream_interrupted')
  })

  it('lets go of a client that has left', async () => {
    const abort = new AbortController()
    const response = await stack.fetch('/v1/events', {
      headers: { accept: 'text/event-stream' },
      signal: abort.signal,
    })
    const stream = readEventStream(response)
    abort.abort()
    await stream.ended
    await vi.waitUntil(async () => {
      const channels = (await redis.call('PUBSUB', 'SHARDCHANNELS', `*${stack.project}*`)) as string[]
      return channels.length === 0
    })
  })
})
