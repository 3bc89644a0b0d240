import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { createTransport } from '@switchyard/providers/transport'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startIdleProbes } from './probe-idle.ts'
import { resolveUpstreams } from './upstreams.ts'
import { startWorkerHealth, type WorkerHealth } from './worker-health.ts'

describe.each(OWN_SERVERS)('a deployment that nobody calls, on %s', (_name, url) => {
  const stops: (() => Promise<unknown>)[] = []
  let asked = 0
  let status = 200
  let names: [deployment: string, provider: string]
  let healths: WorkerHealth[] = []

  beforeEach(async () => {
    asked = 0
    healths = []
    const server = createServer((_request, response) => {
      asked++
      response.writeHead(status).end('{}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(async () => server.close())
    const random = randomBytes(4).toString('hex')
    names = [`d-${random}`, `p-${random}`]
    const upstreams = resolveUpstreams(
      catalogFrom(`
providers: { ${names[1]}: { kind: openai, baseUrl: "http://127.0.0.1:${(server.address() as AddressInfo).port}/v1", apiKey: none } }
classes: { fast: {} }
deployments: { ${names[0]}: { provider: ${names[1]}, class: fast, model: x, breaker: { failures: 4, open: 1m } } }
models: { m: { route: [${names[0]}] } }
`),
      {},
      null,
    )
    // Two workers, that ask for their turn at every moment.
    for (let i = 0; i < 2; i++) {
      const redis = await connectRedis(url, { role: 'consumer', name: 'probe-test' })
      const subscriber = await connectRedis(url, { role: 'subscriber', name: 'probe-test' })
      const onError = () => {}
      const health = await startWorkerHealth({ redis, subscriber, upstreams: () => upstreams, onError })
      const transport = createTransport()
      const usable = () => upstreams.usable.values()
      const probes = startIdleProbes({ transport, usable, health, onError, everyMs: 50 })
      healths.push(health)
      stops.push(async () => {
        await probes.stop()
        await Promise.all([transport.stop(), health.stop()])
        await Promise.all([disconnectRedis(subscriber), disconnectRedis(redis)])
      })
    }
  })
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()))
  })

  it('is probed by one worker of the fleet, and a refused key takes its provider out', async () => {
    status = 200
    await eventually(() => expect(asked).toBe(1), 10_000)
    status = 401
    const { redis } = healths[0]!
    for (let turn = 2; turn <= 3; turn++) {
      // Its term is over.
      await redis.del(`sy:{health}:prober:${names[0]}`)
      await eventually(() => expect(asked).toBeGreaterThanOrEqual(turn), 10_000)
    }
    for (const { watch } of healths) {
      await eventually(
        () => expect(watch.observed(names[0])).toMatchObject({ breaker: 'open', cause: 'credential' }),
        10_000,
      )
      expect(watch.openScopes(names[0])).toEqual([`credential:${names[1]}`])
    }
  })
})
