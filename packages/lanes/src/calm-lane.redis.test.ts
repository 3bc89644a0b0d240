import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { calmLane } from './calm-lane.ts'
import { laneKeys } from './keys.ts'
import { ANYBODY, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('calmLane, %s', (_name, url) => {
  let bundle: LaneBundle
  beforeEach(async () => {
    bundle = await openLane(url)
  })
  afterEach(() => bundle.close())

  const marker = () => bundle.redis.zrange(laneKeys(bundle.lane).marker, '0', '-1')

  test('takes back the wake-up of a lane that has nothing to fetch', async () => {
    const keys = laneKeys(bundle.lane)
    await bundle.redis.zadd(keys.marker, 0, '0')
    expect(await calmLane(bundle.redis, keys)).toBe(true)
    expect(await marker()).toEqual([])
  })

  test('leaves the wake-up where a delivery waits', async () => {
    await bundle.producer.add(bundle.lane, newDeliveries(1)[0]!, ANYBODY)
    expect(await calmLane(bundle.redis, laneKeys(bundle.lane))).toBe(false)
    expect(await marker()).toEqual(['0'])
  })

  test('does not call a lane empty whose deliveries are delayed', async () => {
    await bundle.putOff(newDeliveries(1)[0]!, 60_000)
    const before = await marker()
    expect(await calmLane(bundle.redis, laneKeys(bundle.lane))).toBe(false)
    expect(await marker()).toEqual(before)
  })

  test('deliveries that come while one is handled are fetched as they come', async () => {
    const handled: string[] = []
    const held = Promise.withResolvers<void>()
    const deliveries = newDeliveries(4)
    await bundle.consume(async ({ jobId }) => {
      handled.push(jobId)
      if (handled.length === 1) await held.promise
      return { kind: 'done' }
    })
    for (const [i, delivery] of deliveries.entries()) {
      await bundle.producer.add(bundle.lane, delivery, ANYBODY)
      await expect.poll(() => handled.length, { timeout: 1_500 }).toBe(i + 1)
    }
    held.resolve()
    expect(handled).toEqual(deliveries.map(({ jobId }) => jobId))
  })
})
