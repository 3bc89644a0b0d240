import { LOOP_HEADER, LOOP_TOKEN } from '@switchyard/contract/webhook'
import { createEgress, type Patience } from '@switchyard/egress/egress'
import { openChannelListener } from '@switchyard/notifications/channel-listener'
import { defaultSecret } from '@switchyard/notifications/default-secret'
import { listDeliveries } from '@switchyard/notifications/deliveries'
import { getEndpoint, rotateSecret } from '@switchyard/notifications/endpoints'
import { redeliver } from '@switchyard/notifications/redeliver'
import { deriveSecret } from '@switchyard/notifications/secrets'
import { sendTest } from '@switchyard/notifications/send-test'
import { openProject, type ProjectBundle } from '@switchyard/notifications/testing/project-bundle'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { startOwnCluster } from '@switchyard/redis/testing/own-cluster'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { createLogger } from '@switchyard/telemetry/logger'
import { NO_TELEMETRY, type Telemetry, type Tracer } from '@switchyard/telemetry/start-telemetry'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deliverWebhooks } from './deliver-webhooks.ts'
import { type Receiver, startReceiver } from './testing/receiver.ts'

/** A deliverer serves every project of its Redis, so nobody else's may be there. */
describe.each([
  ['one server', async () => [await startOwnRedis()]],
  ['a cluster', startOwnCluster],
])('deliverWebhooks on %s', (_name, startServers) => {
  let servers: OwnRedis[]
  let url: string
  beforeAll(async () => {
    servers = await startServers()
    url = servers[0]!.url
  })
  afterAll(() => Promise.all(servers.map((server) => server.remove())))

  let bundle: ProjectBundle
  let receiver: Receiver
  let lines: string[]
  let cleanups: (() => Promise<unknown>)[]
  beforeEach(async () => {
    bundle = await openProject(url)
    receiver = await startReceiver()
    lines = []
    cleanups = [() => bundle.close(), () => receiver.close()]
  })
  afterEach(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
    expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  /** A deliverer on connections of its own; gives what ends its term. */
  async function deliver(
    options: { allowLoopback?: boolean; patience?: Patience; telemetry?: Telemetry } = {},
  ): Promise<() => Promise<void>> {
    const { allowLoopback = true, patience, telemetry = NO_TELEMETRY } = options
    const redis = await connectRedis(url, { role: 'consumer', name: 'deliverer' })
    const subscriber = await connectRedis(url, { role: 'subscriber', name: 'deliverer-hears' })
    const listener = openChannelListener(subscriber, () => {})
    const egress = createEgress({ allowLoopback }, patience ? { patience } : {})
    const logger = createLogger({ service: 'test', level: 'debug', destination: { write: (line) => lines.push(line) } })
    const term = new AbortController()
    const { masterSecret } = bundle.on
    const ended = deliverWebhooks({
      ...{ redis, listener, egress, masterSecret, telemetry, logger },
      signal: term.signal,
    })
    let stopped: Promise<void> | null = null
    const stop = () => {
      stopped ??= (async () => {
        term.abort()
        await ended
        await egress.stop()
        listener.stop()
        await Promise.all([redis, subscriber].map((client) => disconnectRedis(client)))
      })()
      return stopped
    }
    cleanups.push(stop)
    return stop
  }

  const deliveries = (owner: string) => listDeliveries(bundle.redis, bundle.project, owner, { limit: 100 })

  async function another(): Promise<Receiver> {
    const made = await startReceiver()
    cleanups.unshift(() => made.close())
    return made
  }

  it('signs what it sends, so that its receiver can verify it with either secret', async () => {
    const id = await bundle.endpoint(['job.completed'], receiver.url)
    await rotateSecret(bundle.on, bundle.project, id, { keepOld: true })
    await deliver()
    const end = await bundle.end()
    await receiver.has(1)
    const { headers, body } = receiver.received[0]!
    for (const version of [1, 2]) {
      expect(new Webhook(deriveSecret(bundle.on.masterSecret, id, version)).verify(body, headers)).toEqual({
        id: headers['webhook-id'],
        object: 'event',
        type: 'job.completed',
        created_at: Math.floor(end.endedAtMs / 1_000),
        data: { id: end.jobId },
      })
    }
    expect(() => new Webhook(deriveSecret(bundle.on.masterSecret, id, 3)).verify(body, headers)).toThrow()
    expect(headers['content-type']).toBe('application/json')
    await eventually(async () => expect((await deliveries(id)).data).toMatchObject([{ status: 'delivered' }]))
  })

  it("signs what goes to a job's own URL with the project's default secret, and logs nothing of its query", async () => {
    await deliver()
    await bundle.end({ webhook: { url: `${receiver.url}?token=hidden-away`, events: null } })
    await receiver.has(1)
    const { headers, body } = receiver.received[0]!
    const { secret } = await defaultSecret(bundle.on, bundle.project)
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'job.completed' })
    await eventually(() => expect(lines.join('')).toContain('webhook try'))
    expect(lines.join('')).not.toContain('hidden-away')
  })

  it('tries again with the same id and a newer time', async () => {
    const id = await bundle.endpoint(['job.completed'], receiver.url)
    receiver.answer(500)
    await deliver()
    await bundle.end()
    await receiver.has(1)
    receiver.answer(204)
    await eventually(async () => expect((await deliveries(id)).data[0]!.tries).toHaveLength(1))
    const [waiting] = (await deliveries(id)).data
    expect(waiting).toMatchObject({ status: 'pending', tries: [{ status_code: 500, error: 'http_error' }] })
    expect(waiting!.next_try_at! - Date.now() / 1_000).toBeGreaterThan(3)
    expect(waiting!.next_try_at! - Date.now() / 1_000).toBeLessThan(6)
    await receiver.has(2)
    const [first, second] = receiver.received
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
    expect(second!.body).toBe(first!.body)
    expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThan(Number(first!.headers['webhook-timestamp']))
    await eventually(async () => expect((await deliveries(id)).data).toMatchObject([{ status: 'delivered' }]))
  })

  it('does not follow a redirect, and stops for good at 410', async () => {
    const elsewhere = await another()
    const [redirected, gone] = [receiver, await another()]
    redirected.answer(302, { location: elsewhere.url })
    gone.answer(410)
    const [first, second] = [
      await bundle.endpoint(['job.completed'], redirected.url),
      await bundle.endpoint(['job.completed'], gone.url),
    ]
    await deliver()
    await bundle.end()
    await eventually(async () => {
      expect((await deliveries(first)).data).toMatchObject([{ status: 'pending', tries: [{ status_code: 302 }] }])
      expect((await deliveries(second)).data).toMatchObject([{ status: 'dead', tries: [{ status_code: 410 }] }])
    })
    expect(await getEndpoint(bundle.on, bundle.project, second)).toMatchObject({ status: 'disabled' })
    await bundle.end()
    await redirected.has(2)
    expect([elsewhere.received.length, gone.received.length]).toEqual([0, 1])
  })

  it('marks what it sends, so that what comes back to us is known', async () => {
    await bundle.endpoint(['job.completed'], receiver.url)
    await deliver()
    await bundle.end()
    await receiver.has(1)
    expect(receiver.received[0]!.headers[LOOP_HEADER]).toBe(LOOP_TOKEN)
  })

  it('delivers to the living at once while many others are dead', async () => {
    const dead = await another()
    dead.answer(0)
    await deliver({ patience: { firstByteMs: 10_000, totalMs: 15_000 } })
    for (let i = 0; i < 40; i++) await bundle.endpoint(['job.completed'], `${dead.url}/${i}`)
    const alive = await bundle.endpoint(['job.completed', 'job.failed'], receiver.url)
    // All of one host: beyond its connections nothing of it takes a place either.
    await bundle.end()
    await dead.has(16)
    const took: number[] = []
    for (let i = 0; i < 20; i++) {
      const sinceMs = performance.now()
      await bundle.end({ status: 'failed' })
      await receiver.has(i + 2)
      took.push(receiver.received.at(-1)!.atMs - sinceMs)
    }
    // One that waited for a dead one would wait for its first byte: ten seconds. The bench says how fast it is.
    expect(took.toSorted((a, b) => a - b)[10]).toBeLessThan(1_000)
    expect(dead.received.length).toBeLessThanOrEqual(16)
    expect((await deliveries(alive)).data.filter(({ status }) => status === 'delivered').length).toBeGreaterThan(15)
  })

  it('leaves what it could not finish to the next, none lost', async () => {
    const id = await bundle.endpoint(['job.completed'], receiver.url)
    receiver.answer(0)
    const stop = await deliver()
    for (let i = 0; i < 5; i++) await bundle.end()
    await receiver.has(2)
    await stop()
    receiver.answer(200)
    const before = receiver.received.length
    await deliver()
    await receiver.has(before + 5)
    await eventually(async () => {
      const { data } = await deliveries(id)
      expect(data.map(({ status, tries }) => [status, tries.length])).toEqual(Array(5).fill(['delivered', 1]))
    })
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(5)
  })

  it('finds what was recorded while nobody delivered, whatever message was lost', async () => {
    await bundle.endpoint(['job.completed'], receiver.url)
    await bundle.end()
    await deliver()
    await receiver.has(1)
  })

  it('calls nobody who is not public', async () => {
    const id = await bundle.endpoint(['job.completed'], receiver.url)
    await deliver({ allowLoopback: false })
    await bundle.end()
    await eventually(async () =>
      expect((await deliveries(id)).data).toMatchObject([
        { tries: [{ status_code: null, error: 'url_not_allowed', duration_ms: null }] },
      ]),
    )
    expect(receiver.received).toEqual([])
  })

  it("writes a span for each try into the job's trace, and nothing of the URL's query into it", async () => {
    const spans: Parameters<Tracer['export']>[0][] = []
    const tracer: Tracer = {
      sample: () => true,
      export: (span) => spans.push(span),
      // Nothing here reads it.
      resource: undefined as unknown as Tracer['resource'],
    }
    await deliver({ telemetry: { ...NO_TELEMETRY, tracer } })
    receiver.answer(503)
    const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']
    const end = await bundle.end({
      webhook: { url: `${receiver.url}?token=hidden-away`, events: null },
      traceparent: `00-${traceId}-${spanId}-01`,
    })
    // What earlier tests left is tried beside it.
    const own = () => spans.find(({ attributes }) => attributes['switchyard.project'] === bundle.project)
    await eventually(() => expect(own()).toBeDefined())
    const span = own()
    expect([span!.name, span!.spanContext().traceId, span!.parentSpanContext?.spanId]).toEqual([
      'webhook',
      traceId,
      spanId,
    ])
    expect(span!.attributes).toMatchObject({
      'switchyard.job.id': end.jobId,
      'switchyard.webhook.event': 'job.completed',
      'switchyard.webhook.endpoint': 'default',
      'switchyard.webhook.try': 1,
      'http.response.status_code': 503,
      'error.type': 'http_error',
      'server.address': '127.0.0.1',
    })
    expect(JSON.stringify(span!.attributes)).not.toContain('hidden')
  })

  it('delivers again what is told to be', async () => {
    const id = await bundle.endpoint(['job.completed'], receiver.url)
    await deliver()
    await bundle.end()
    await eventually(async () => expect((await deliveries(id)).data).toMatchObject([{ status: 'delivered' }]))
    const [delivery] = (await deliveries(id)).data
    expect(await redeliver(bundle.redis, bundle.project, id, delivery!.id)).toBe(true)
    await receiver.has(2)
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(ids).toEqual([delivery!.event.id, delivery!.event.id])
  })

  it('makes the call of a test, once, and tells how it ended', async () => {
    const id = await bundle.endpoint(['job.completed'], receiver.url)
    await deliver()
    const subscriber = await connectRedis(url, { role: 'subscriber', name: 'tester' })
    const listener = openChannelListener(subscriber, () => {})
    cleanups.push(async () => {
      listener.stop()
      await disconnectRedis(subscriber)
    })
    const test = () => sendTest(bundle.redis, listener, bundle.project, id, 'batch.completed')
    expect(await test()).toMatchObject({ status: 'delivered', is_test: true, tries: [{ status_code: 200 }] })
    receiver.answer(500)
    expect(await test()).toMatchObject({ status: 'dead', tries: [{ status_code: 500 }] })
    const { headers, body } = receiver.received[0]!
    expect(new Webhook(deriveSecret(bundle.on.masterSecret, id, 1)).verify(body, headers)).toMatchObject({
      type: 'batch.completed',
    })
    receiver.answer(200)
    for (let i = 0; i < 8; i++) await test()
    await expect(test()).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
  })
})
