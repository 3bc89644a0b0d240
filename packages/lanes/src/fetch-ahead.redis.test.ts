import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deliveryId } from './delivery.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'
import type { Verdict } from './verdict.ts'

const DONE: Verdict = { kind: 'done' }
/** Long before the lock of a delivery that a consumer took along would have run out, 12 s. */
const SOON = { timeout: 4_000 }

const [[, url]] = SERVERS as [readonly [string, string]]
let bundle: LaneBundle
beforeEach(async () => {
  bundle = await openLane(url)
})
afterEach(() => bundle.close())

/** Waits until a consumer's connection blocks in its wait. */
async function untilItWaits(): Promise<void> {
  await until('it waits', async () => (await waiting()).length === 1)
}

/** Clients of this lane that are blocked. */
async function waiting(): Promise<string[]> {
  const clients = (await bundle.redis.client('LIST')) as string
  return clients.split('\n').filter((client) => client.includes(bundle.lane) && client.includes('cmd=bzpopmin'))
}

test('a delivery comes with the wake-up, on the connection that waits', async () => {
  const handled: string[] = []
  await bundle.consume(async (delivery) => {
    handled.push(deliveryId(delivery))
    return DONE
  })
  await untilItWaits()
  const address = (await waiting())[0]!.match(/ addr=(\S+)/)![1]
  const monitor = await (bundle.redis as Redis).duplicate().monitor()
  const byConnection: string[] = []
  monitor.on('monitor', (_time: string, [command, ...args]: string[], source: string) => {
    // Other tests use this server too.
    const isOurs = args.some((arg) => arg.includes(bundle.lane))
    if (command === 'evalsha' && isOurs) byConnection.push(source === address ? 'waiting' : 'other')
  })
  await bundle.producer.add(bundle.lane, newDeliveries(1)[0]!, ANYBODY)
  await until('it is handled', () => handled.length === 1)
  await until('its end is seen', () => byConnection.length >= 3)
  monitor.disconnect()
  // Added; fetched; ended.
  expect(byConnection.slice(0, 3)).toEqual(['other', 'waiting', 'other'])
})

test('a consumer that stops while deliveries come takes none of them along', async () => {
  const handled = new Set<string>()
  const handle = async (delivery: Parameters<typeof deliveryId>[0]) => {
    handled.add(deliveryId(delivery))
    return DONE
  }
  for (let round = 0; round < 25; round++) {
    const consumer = await bundle.consume(handle)
    await untilItWaits()
    const deliveries = newDeliveries(3)
    const added = deliveries.map((delivery) => bundle.producer.add(bundle.lane, delivery, ANYBODY))
    // Now and then before, between and behind the adds.
    if (round % 3 === 0) await added[round % 2]
    await Promise.all([...added, consumer.stop({ releaseHeld: true })])
    const next = await bundle.consume(handle)
    await expect.poll(() => ids(deliveries).every((id) => handled.has(id)), SOON).toBe(true)
    await next.stop()
  }
  expect(bundle.errors).toEqual([])
})

test('one whose connection is cut in its wait goes on with what comes', async () => {
  const handled: string[] = []
  await bundle.consume(async (delivery) => {
    handled.push(deliveryId(delivery))
    return DONE
  })
  for (let round = 1; round <= 3; round++) {
    await untilItWaits()
    const id = (await waiting())[0]!.match(/^id=(\d+)/)![1]!
    await bundle.redis.client('KILL', 'ID', id)
    await bundle.producer.add(bundle.lane, newDeliveries(1)[0]!, ANYBODY)
    await expect.poll(() => handled.length, SOON).toBe(round)
  }
})

test('what was fetched behind the last allowed one is handled, and no more', async () => {
  const handled: string[] = []
  const consumer = await bundle.consume(async (delivery) => {
    handled.push(deliveryId(delivery))
    return DONE
  })
  await untilItWaits()
  consumer.allow(0)
  for (const delivery of newDeliveries(5)) await bundle.producer.add(bundle.lane, delivery, ANYBODY)
  await until('its wait is over', async () => (await waiting()).length === 0)
  expect(handled.length).toBeLessThanOrEqual(1)
  expect((await bundle.producer.depth(bundle.lane)).waiting).toBeGreaterThanOrEqual(4)
  consumer.allow(Number.POSITIVE_INFINITY)
  await expect.poll(() => handled.length, SOON).toBe(5)
})
