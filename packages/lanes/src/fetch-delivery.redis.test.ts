import { Queue, Worker } from 'bullmq'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deliveryId } from './delivery.ts'
import { fetchDelivery, finishDelivery } from './fetch-delivery.ts'
import { LANE_PREFIX, laneKeys, queueName } from './keys.ts'
import { HIGHEST_PRIORITY } from './priority.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'

const HOLDER = { token: 'worker:1', lockDurationMs: 12_000 }

describe.each(SERVERS)('a fetch on %s', (_name, url) => {
  /** `theirs` is one that only BullMQ's own classes touch. */
  let ours: LaneBundle
  let theirs: LaneBundle
  let queue: Queue
  let worker: Worker
  beforeEach(async () => {
    ours = await openLane(url)
    theirs = await openLane(url)
    const connection = { connection: theirs.redis, prefix: LANE_PREFIX }
    queue = new Queue(queueName(theirs.lane), connection)
    worker = new Worker(queue.name, null, {
      ...connection,
      autorun: false,
      lockDuration: HOLDER.lockDurationMs,
      removeOnComplete: { count: 0 },
    })
  })
  afterEach(async () => {
    await worker.close(true)
    await queue.close()
    await Promise.all([ours.close(), theirs.close()])
  })

  const fetchOurs = () => fetchDelivery(ours.redis, laneKeys(ours.lane), HOLDER)
  const finishOurs = (id: string, fetchNext = false, holder = HOLDER) =>
    finishDelivery(ours.redis, laneKeys(ours.lane), holder, id, fetchNext)
  const marker = () => ours.redis.zrange(laneKeys(ours.lane).marker, '0', '-1')
  const waiting = async () => (await ours.producer.depth(ours.lane)).waiting

  /** Every key of a lane and what is in it, but for BullMQ's events, its counter of ids, its settings and the wake-up. */
  async function contents({ redis, lane, keysWith }: LaneBundle): Promise<Record<string, unknown>> {
    const { base } = laneKeys(lane)
    const found: Record<string, unknown> = {}
    for (const key of await keysWith('')) {
      const name = key.slice(base.length)
      if (['events', 'id', 'meta', 'marker'].includes(name)) continue
      const type = await redis.type(key)
      if (type === 'hash') found[name] = await redis.hgetall(key)
      else if (type === 'list') found[name] = await redis.lrange(key, 0, -1)
      else if (type === 'zset') found[name] = await redis.zrange(key, '0', '-1', 'WITHSCORES')
      else if (type === 'set') found[name] = await redis.smembers(key)
      else found[name] = [await redis.get(key), Math.ceil((await redis.pttl(key)) / 1_000)]
    }
    return found
  }

  /** What BullMQ knows of times and options is its own. */
  function comparable(found: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(found).map(([name, value]) => {
        if (typeof value !== 'object' || Array.isArray(value)) return [name, value]
        const { timestamp, processedOn, opts, ...rest } = value as Record<string, string>
        const { priority } = JSON.parse(opts!)
        return [name, { ...rest, priority, added: Number(timestamp) > 0, begun: Number(processedOn) > 0 }]
      }),
    )
  }

  async function expectTheSame(): Promise<void> {
    expect(comparable(await contents(ours))).toEqual(comparable(await contents(theirs)))
  }

  test('adding, fetching and finishing leave in Redis what BullMQ leaves', async () => {
    const deliveries = newDeliveries(3)
    for (const delivery of deliveries) {
      await ours.producer.add(ours.lane, delivery, 'next')
      await queue.add('d', {}, { jobId: deliveryId(delivery), priority: HIGHEST_PRIORITY })
    }
    await expectTheSame()
    for (const id of ids(deliveries)) {
      expect(await fetchOurs()).toMatchObject({ kind: 'delivery', id, data: '{}', begun: 1 })
      const job = await worker.getNextJob(HOLDER.token, { block: false })
      expect(job!.id).toBe(id)
      await expectTheSame()
      await job!.moveToCompleted(null, HOLDER.token, false)
      expect(await finishOurs(id)).toEqual({ kind: 'nothing' })
      await expectTheSame()
    }
    expect(await fetchOurs()).toEqual({ kind: 'nothing' })
    expect(await worker.getNextJob(HOLDER.token, { block: false })).toBeUndefined()
    expect(await contents(ours)).toEqual({})
    expect(await contents(theirs)).toEqual({})
  })

  test('the end of one brings the next, with its lock', async () => {
    const [first, second] = newDeliveries(2)
    for (const delivery of [first!, second!]) await ours.producer.add(ours.lane, delivery, ANYBODY)
    await fetchOurs()
    const next = await finishOurs(deliveryId(first!), true)
    expect(next).toMatchObject({ kind: 'delivery', id: deliveryId(second!), isLast: true })
    expect(await finishOurs(deliveryId(second!), true)).toEqual({ kind: 'nothing' })
  })

  test('nothing is finished that is not held with this token', async () => {
    const [delivery] = newDeliveries(1)
    const id = deliveryId(delivery!)
    await ours.producer.add(ours.lane, delivery!, ANYBODY)
    expect(await finishOurs(id)).toBeNull()
    await fetchOurs()
    const before = await contents(ours)
    expect(await finishOurs(id, true, { ...HOLDER, token: 'worker:2' })).toBeNull()
    expect(await contents(ours)).toEqual(before)
  })

  test('one whose hash was lost is handed out all the same', async () => {
    const [delivery] = newDeliveries(1)
    await ours.producer.add(ours.lane, delivery!, ANYBODY)
    await ours.redis.del(laneKeys(ours.lane).base + deliveryId(delivery!))
    expect(await fetchOurs()).toMatchObject({ id: deliveryId(delivery!), data: '{}', begun: 1 })
  })

  test('the wake-up stays only while something waits', async () => {
    const deliveries = newDeliveries(2)
    for (const delivery of deliveries) await ours.producer.add(ours.lane, delivery, ANYBODY)
    expect(await marker()).toEqual(['0'])
    expect(await fetchOurs()).toMatchObject({ isLast: false })
    expect(await marker()).toEqual(['0'])
    expect(await fetchOurs()).toMatchObject({ isLast: true })
    expect(await marker()).toEqual([])
  })

  test('a delayed delivery is not the end of the lane, and its time is told', async () => {
    const [delayed, delivery] = newDeliveries(2)
    await ours.putOff(delayed!, 60_000)
    await ours.producer.add(ours.lane, delivery!, ANYBODY)
    expect(await fetchOurs()).toMatchObject({ kind: 'delivery', isLast: false })
    const fetched = await fetchOurs()
    expect(fetched).toMatchObject({ kind: 'nothing' })
    const { nextAtMs } = fetched as { nextAtMs: number }
    expect(nextAtMs).toBeGreaterThan(Date.now() + 50_000)
    expect(nextAtMs).toBeLessThan(Date.now() + 61_000)
  })

  test('what a lost holder leaves goes first', async () => {
    const [lost, waits] = newDeliveries(2)
    const { wait } = laneKeys(ours.lane)
    for (const delivery of [lost!, waits!]) await ours.producer.add(ours.lane, delivery, ANYBODY)
    await fetchOurs()
    await ours.redis.rpush(wait, deliveryId(lost!))
    expect(await fetchOurs()).toMatchObject({ id: deliveryId(lost!), begun: 2, isLast: false })
    expect(await fetchOurs()).toMatchObject({ id: deliveryId(waits!), isLast: true })
  })

  test.each([
    ['paused', (lane: Queue) => lane.pause()],
    ['limited in what runs at a time', (lane: Queue) => lane.setGlobalConcurrency(1)],
    ['limited in its rate', (lane: Queue) => lane.setGlobalRateLimit(1, 1_000)],
  ])('a lane that somebody %s is left to BullMQ', async (_what, change) => {
    const lane = new Queue(queueName(ours.lane), { connection: ours.redis, prefix: LANE_PREFIX })
    const [delivery, held] = newDeliveries(2)
    await ours.producer.add(ours.lane, held!, ANYBODY)
    await fetchOurs()
    await ours.producer.add(ours.lane, delivery!, ANYBODY)
    await change(lane)
    expect(await fetchOurs()).toEqual({ kind: 'special' })
    expect(await finishOurs(deliveryId(held!), true)).toEqual({ kind: 'special' })
    expect(await waiting()).toBe(1)
    await lane.close()
  })

  test('a delivery whose delay has passed is fetched by a consumer, before what waits', async () => {
    const [due, waits] = newDeliveries(2)
    await ours.putOff(due!, 1)
    await ours.producer.add(ours.lane, waits!, ANYBODY)
    await until('it is due', async () => (await ours.producer.depth(ours.lane)).due === 1)
    expect(await fetchOurs()).toEqual({ kind: 'special' })
    const handled: string[] = []
    await ours.consume(async (delivery) => {
      handled.push(deliveryId(delivery))
      return { kind: 'done' }
    })
    await expect.poll(() => handled).toEqual(ids([due!, waits!]))
  })

  test('deliveries that come while one is handled are fetched as they come', async () => {
    const handled: string[] = []
    const held = Promise.withResolvers<void>()
    const deliveries = newDeliveries(4)
    await ours.consume(async ({ jobId }) => {
      handled.push(jobId)
      if (handled.length === 1) await held.promise
      return { kind: 'done' }
    })
    for (const [i, delivery] of deliveries.entries()) {
      await ours.producer.add(ours.lane, delivery, ANYBODY)
      await expect.poll(() => handled.length, { timeout: 1_500 }).toBe(i + 1)
    }
    held.resolve()
    expect(handled).toEqual(deliveries.map(({ jobId }) => jobId))
  })
})
