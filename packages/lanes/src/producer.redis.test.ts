import { BrokerError } from '@switchyard/contract/broker-error'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deliveryId } from './delivery.ts'
import { laneKeys } from './keys.ts'
import { createProducer } from './producer.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'

describe.each(SERVERS)('a producer on %s', (_name, url) => {
  let bundle: LaneBundle
  beforeEach(async () => {
    bundle = await openLane(url)
  })
  afterEach(() => bundle.close())

  test('a delivery that is there already is not added twice', async () => {
    const { producer, lane } = bundle
    const [delivery] = newDeliveries(1)
    await Promise.all([1, 2, 3].map(() => producer.add(lane, delivery!, ANYBODY)))
    await bundle.putOff(delivery!, 60_000)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 1, delayed: 0, active: 0 })
    await producer.add(lane, { ...delivery!, delivery: 2 }, ANYBODY)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 2 })
  })

  test('position counts from the next one, by turn and then by the order of adds', async () => {
    const { producer, lane } = bundle
    const [first, second, urgent, later] = newDeliveries(4)
    await producer.add(lane, first!, ANYBODY)
    await producer.add(lane, second!, ANYBODY)
    await producer.add(lane, urgent!, 'next')
    await bundle.putOff(later!, 60_000)
    const positions = [urgent!, first!, second!, later!].map((delivery) => producer.position(lane, delivery))
    expect(await Promise.all(positions)).toEqual([0, 1, 2, null])
    expect(await producer.depth(lane)).toEqual({ waiting: 3, delayed: 1, active: 0, due: 0 })
  })

  test('a removed delivery leaves no key, removing it again is no error', async () => {
    const { producer, lane, keysWith } = bundle
    const [now, later] = newDeliveries(2)
    await producer.add(lane, now!, ANYBODY)
    await bundle.putOff(later!, 60_000)
    for (const delivery of [now!, later!, now!]) await producer.remove(lane, delivery, ANYBODY)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 0, delayed: 0 })
    for (const delivery of [now!, later!]) expect(await keysWith(delivery.jobId)).toEqual([])
  })

  test('what is kept of a delivery is small, and no event is written', async () => {
    const { producer, lane, redis } = bundle
    const deliveries = newDeliveries(1_500)
    await Promise.all(deliveries.slice(0, 750).map((delivery) => producer.add(lane, delivery, ANYBODY)))
    await Promise.all(deliveries.slice(750).map((delivery) => producer.add(lane, delivery, ANYBODY)))
    const { base, meta } = laneKeys(lane)
    const key = base + deliveryId(deliveries[0]!)
    expect(await redis.object('ENCODING', key)).toMatch(/listpack|ziplist/)
    expect(await redis.hget(meta, 'opts.maxLenEvents')).toBe('1000')
    expect(await redis.xlen(`${base}events`)).toBe(0)
  })

  test('missing names exactly those that the lane does not know, and they can be added again', async () => {
    const { producer, lane } = bundle
    const deliveries = newDeliveries(600)
    const known = deliveries.filter((_, index) => index % 3 !== 0)
    const unknown = deliveries.filter((_, index) => index % 3 === 0)
    await Promise.all(known.slice(0, 200).map((delivery) => producer.add(lane, delivery, ANYBODY)))
    await Promise.all(known.slice(200).map((delivery) => bundle.putOff(delivery, 60_000)))
    expect(ids(await producer.missing(lane, deliveries))).toEqual(ids(unknown))
    await Promise.all(unknown.map((delivery) => producer.add(lane, delivery, ANYBODY)))
    expect(await producer.missing(lane, deliveries)).toEqual([])
    expect(await producer.missing(lane, [])).toEqual([])
  })

  test('a hash without membership would swallow the next add: missing removes it', async () => {
    const { producer, lane, redis, keysWith } = bundle
    const [orphan, failed, whole] = newDeliveries(3)
    for (const delivery of [orphan!, failed!, whole!]) await producer.add(lane, delivery, ANYBODY)
    const keys = laneKeys(lane)
    await redis.zrem(keys.prioritized, deliveryId(orphan!), deliveryId(failed!))
    await redis.zadd(keys.failed, 1, deliveryId(failed!))
    await producer.add(lane, orphan!, ANYBODY)
    expect(await producer.position(lane, orphan!)).toBeNull()

    expect(ids(await producer.missing(lane, [orphan!, failed!, whole!]))).toEqual(ids([orphan!, failed!]))
    expect(await keysWith(orphan!.jobId)).toEqual([])
    for (const delivery of [orphan!, failed!]) await producer.add(lane, delivery, ANYBODY)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 3 })
    expect(await redis.zcard(keys.failed)).toBe(0)
  })

  test('all keys of a lane are in one slot and under its prefix', async () => {
    const { producer, lane, keysWith } = bundle
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    const keys = await keysWith('')
    expect(keys.length).toBeGreaterThan(3)
    for (const key of keys) expect(key.startsWith(`sy:lane:{${lane}}:`)).toBe(true)
  })

  test('without Redis an add is refused with a broker error, and the connection given is never closed', async () => {
    const redis = await connectRedis(url, { role: 'producer', name: 'lane-test' })
    const producer = createProducer({ redis })
    const [delivery] = newDeliveries(1)
    await producer.add(bundle.lane, delivery!, ANYBODY)
    expect(await redis.exists(laneKeys(bundle.lane).prioritized)).toBe(1)
    await disconnectRedis(redis)
    await until('the connection is gone', () => redis.status === 'end')
    const refused = await producer.add(bundle.lane, delivery!, ANYBODY).catch((error: unknown) => error)
    expect(BrokerError.is(refused) && refused.code).toBe('service_unavailable')
  })
})
