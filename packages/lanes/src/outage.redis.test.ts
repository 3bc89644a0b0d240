import { setTimeout as sleep } from 'node:timers/promises'
import { isClusterClient } from '@switchyard/redis/connect'
import { isWhole, startOwnCluster } from '@switchyard/redis/testing/own-cluster'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Consumer } from './consumer.ts'
import { type Delivery, deliveryId } from './delivery.ts'
import { laneKeys } from './keys.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { until } from './testing/until.ts'
import type { Verdict } from './verdict.ts'

const RESUME_MS = 5_000

describe.each([
  ['one server', async () => [await startOwnRedis()]],
  ['a cluster', startOwnCluster],
])('an outage of %s', (_name, startServers) => {
  let servers: OwnRedis[]
  /** The server that has the lane's slot. */
  let server: OwnRedis
  let bundle: LaneBundle
  let handled: Set<string>
  let consumer: Consumer

  beforeAll(async () => {
    servers = await startServers()
  })
  afterAll(() => Promise.all(servers.map((each) => each.remove())))
  beforeEach(async () => {
    bundle = await openLane(servers[0]!.url)
    handled = new Set()
    consumer = await bundle.consume(async (delivery: Delivery): Promise<Verdict> => {
      handled.add(deliveryId(delivery))
      return { kind: 'done' }
    })
    const { redis, lane } = bundle
    const slot = isClusterClient(redis) ? Number(await redis.cluster('KEYSLOT', laneKeys(lane).meta)) : 0
    server =
      servers.find(({ port }) => isClusterClient(redis) && redis.slots[slot]![0]!.endsWith(`:${port}`)) ?? servers[0]!
    await addSoon(newDeliveries(1))
  })
  afterEach(() => bundle.close())

  /** Adds until Redis confirms, as the sweeper does: an add that was rejected is safe to repeat. */
  async function addSoon(deliveries: Delivery[], timeoutMs?: number): Promise<void> {
    await until('all are added', async () => {
      const outcomes = await Promise.allSettled(
        deliveries.map((each) => bundle.producer.add(bundle.lane, each, ANYBODY)),
      )
      return outcomes.every(({ status }) => status === 'fulfilled')
    })
    await until('all are handled', () => ids(deliveries).every((id) => handled.has(id)), timeoutMs)
  }

  /** A node that comes back takes a few seconds to be let into its cluster again; consumption has 5 s from then on. */
  async function expectResumed(): Promise<void> {
    if (servers.length > 1) await until('the cluster is back', () => isWhole(servers))
    const begin = performance.now()
    await addSoon(newDeliveries(5))
    expect(performance.now() - begin).toBeLessThan(RESUME_MS)
  }

  test.each([0, 7_000])('killed, back after %i ms: an idle consumer consumes again', async (downMs) => {
    await server.kill()
    await sleep(downMs)
    await server.start()
    await expectResumed()
  })

  test('killed and back twice in a row', async () => {
    for (let i = 0; i < 2; i++) {
      await server.kill()
      await server.start()
      await expectResumed()
    }
  })

  test('paused for longer than a fetch blocks', async () => {
    server.pause()
    await sleep(6_000)
    server.resume()
    await expectResumed()
  })

  test('killed while 200 deliveries are on their way: each is handled, none is left', async () => {
    const deliveries = newDeliveries(200)
    const added = Promise.allSettled(deliveries.map((each) => bundle.producer.add(bundle.lane, each, ANYBODY)))
    await until('some are handled', () => handled.size > 20)
    await server.kill()
    await server.start()
    await added
    // A fetch whose answer was lost left its delivery locked; it comes again when that lock has run out.
    await addSoon(
      deliveries.filter((each) => !handled.has(deliveryId(each))),
      25_000,
    )
    await until(
      'the lane is empty',
      async () => {
        const { waiting, delayed, active } = await bundle.producer.depth(bundle.lane)
        return waiting + delayed + active === 0
      },
      30_000,
    )
  })

  test('stop ends in time although Redis is away', async () => {
    await server.kill()
    await until('no fetch comes back', () => Date.now() - consumer.health().lastFetchAtMs > 3_000)
    const begin = performance.now()
    await consumer.stop()
    expect(performance.now() - begin).toBeLessThan(3_000)
    await server.start()
    if (servers.length > 1) await until('the cluster is back', () => isWhole(servers))
  })
})
