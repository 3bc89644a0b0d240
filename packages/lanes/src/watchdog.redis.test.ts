import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Consumer } from './consumer.ts'
import { type Delivery, deliveryId } from './delivery.ts'
import { startFreezingProxy } from './testing/freezing-proxy.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { until } from './testing/until.ts'
import type { Verdict } from './verdict.ts'

const RESUME_MS = 5_000

describe('a consumer whose connections are broken', () => {
  let server: OwnRedis
  let bundle: LaneBundle
  let handled: string[]
  let held: Delivery[]
  let finish: () => void

  beforeEach(async () => {
    server = await startOwnRedis()
    bundle = await openLane(server.url)
    handled = []
    held = []
    finish = () => {}
  })
  afterEach(async () => {
    finish()
    await bundle.close()
    await server.remove()
  })

  /** Handles everything at once, but for what is in `held`: that is kept until `finish`. */
  async function handle(delivery: Delivery): Promise<Verdict> {
    handled.push(deliveryId(delivery))
    if (held.includes(delivery) || held.some(({ jobId }) => jobId === delivery.jobId)) {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    }
    return { kind: 'done' }
  }

  async function addAll(deliveries: Delivery[]): Promise<void> {
    await until('all are added', async () => {
      const outcomes = await Promise.allSettled(
        deliveries.map((each) => bundle.producer.add(bundle.lane, each, ANYBODY)),
      )
      return outcomes.every(({ status }) => status === 'fulfilled')
    })
  }

  test('a blocking connection that falls silent is replaced, and what the old fetcher holds stays its own', async () => {
    const proxy = await startFreezingProxy(server.port)
    const through = await openLane(proxy.url)
    try {
      held = newDeliveries(1)
      // BullMQ would help itself once its fetch is overdue: after a minute here.
      const consumer: Consumer = await through.consume(handle, {
        settings: { lockDurationMs: 1_000, stalledIntervalMs: 300, idleFetchSeconds: 60 },
      })
      await through.producer.add(through.lane, held[0]!, ANYBODY)
      await until('one is held', () => handled.length === 1)
      // Before that it would take what comes next without asking this connection.
      await until('it waits for more', async () => (await bundle.redis.info('clients')).includes('blocked_clients:1'))
      expect(proxy.freeze(/setname\r\n\$\d+\r\nsy:lane:/i)).toBe(1)

      const deliveries = newDeliveries(5)
      for (const delivery of deliveries) await through.producer.add(through.lane, delivery, ANYBODY)
      const tookMs = await until('they are handled', () => handled.length === 6)
      expect(tookMs).toBeLessThan(RESUME_MS)
      expect(consumer.health()).toMatchObject({ held: 1, replaced: 1 })
      // Well past its lock: somebody renews it.
      const frozenAt = Date.now()
      await until('its lock would have run out', () => Date.now() - frozenAt > 2_500)
      expect(handled.filter((id) => id === ids(held)[0])).toHaveLength(1)
      finish()
      await until('it is done', async () => (await through.keysWith('job_')).length === 0)
      expect(through.errors.map(({ message }) => message)).toEqual([expect.stringContaining('it was replaced')])
    } finally {
      finish()
      await through.close()
      await proxy.close()
    }
  })

  test('CLIENT KILL of every connection, again and again while deliveries flow', async () => {
    await bundle.consume(handle)
    const deliveries = newDeliveries(300)
    const kills = Array.from({ length: 15 }, (_, index) => index)
    for (const index of kills) {
      await addAll(deliveries.slice(index * 20, index * 20 + 20))
      await bundle.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no').catch(() => {})
    }
    const last = newDeliveries(10)
    await addAll(last)
    const tookMs = await until('new ones are handled', () => ids(last).every((id) => handled.includes(id)))
    expect(tookMs).toBeLessThan(RESUME_MS)
    // A fetch whose answer was lost left its delivery locked; it comes again when that lock has run out.
    await until('all are handled', () => ids(deliveries).every((id) => handled.includes(id)), 25_000)
  })

  test('scripts that Redis forgot are sent again', async () => {
    await bundle.consume(handle)
    for (let i = 0; i < 3; i++) {
      await addAll(newDeliveries(3))
      await bundle.redis.script('FLUSH')
      await bundle.producer.missing(bundle.lane, newDeliveries(1))
      await bundle.producer.position(bundle.lane, newDeliveries(1)[0]!)
    }
    await until('all are handled', () => handled.length === 9)
    expect(bundle.errors).toEqual([])
  })

  test('a Redis that refuses writes is asked a few times a second, not thousands, and all goes on afterwards', async () => {
    const consumer = await bundle.consume(handle, { concurrency: 50 })
    const deliveries = newDeliveries(200)
    consumer.pause()
    await addAll(deliveries)
    // A replica that it has not got.
    await bundle.redis.config('SET', 'min-replicas-to-write', '1')
    const calls = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await bundle.redis.info('commandstats'))?.[1] ?? 0)
    const before = await calls()
    consumer.resume()
    const begin = Date.now()
    await until('a second and a half is over', () => Date.now() - begin > 1_500)
    expect((await calls()) - before).toBeLessThan(60)
    await bundle.redis.config('SET', 'min-replicas-to-write', '0')
    const tookMs = await until('all are handled', () => new Set(handled).size === deliveries.length)
    expect(tookMs).toBeLessThan(RESUME_MS)
  })

  test('a full Redis takes no more, but what waits is handled and leaves', async () => {
    const consumer = await bundle.consume(handle, { concurrency: 5 })
    consumer.pause()
    await addAll(newDeliveries(50))
    await bundle.redis.config('SET', 'maxmemory', '1')
    const [refused] = newDeliveries(1)
    await expect(bundle.producer.add(bundle.lane, refused!, ANYBODY)).rejects.toThrow('did not confirm')
    consumer.resume()
    await until('all are handled', () => handled.length === 50)
    await until('the lane is empty', async () => (await bundle.producer.depth(bundle.lane)).active === 0)
    expect(handled).toHaveLength(50)
    await bundle.redis.config('SET', 'maxmemory', '0')
  })

  test('a lock that is lost while the handler runs does not start it a second time beside the first', async () => {
    held = newDeliveries(1)
    const lost: Delivery[] = []
    const consumer = await bundle.consume(handle, {
      settings: { lockDurationMs: 1_000, stalledIntervalMs: 300 },
      onLockLost: (deliveries) => lost.push(...deliveries),
    })
    await addAll(held)
    await until('it is held', () => handled.length === 1)
    server.pause()
    const pausedAt = Date.now()
    await until('the lock has run out', () => Date.now() - pausedAt > 2_000)
    server.resume()
    await until('the loss is reported', () => lost.length > 0)
    expect(lost[0]).toEqual(held[0])
    expect(bundle.errors.filter(({ message }) => message.includes('lock'))).toHaveLength(1)
    await until('the lane offers it again', async () => (await bundle.producer.depth(bundle.lane)).delayed === 1)
    expect(handled).toHaveLength(1)
    expect(consumer.health().held).toBe(1)
    finish()
    await until('it comes again, after the first', () => handled.length === 2)
    finish()
    await until('it is done', async () => (await bundle.keysWith('job_')).length === 0)
  })
})
