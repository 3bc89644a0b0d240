import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Delivery, deliveryId } from './delivery.ts'
import { laneKeys } from './keys.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'
import type { Verdict } from './verdict.ts'

const DONE: Verdict = { kind: 'done' }

describe.each(SERVERS)('a consumer on %s', (_name, url) => {
  let bundle: LaneBundle
  let handled: Delivery[]
  beforeEach(async () => {
    bundle = await openLane(url)
    handled = []
  })
  afterEach(() => bundle.close())

  async function take(delivery: Delivery): Promise<Verdict> {
    handled.push(delivery)
    return DONE
  }

  async function isEmpty(): Promise<boolean> {
    const { waiting, delayed, active } = await bundle.producer.depth(bundle.lane)
    return waiting + delayed + active === 0
  }

  test('done removes every key of the delivery, and the same id can come again', async () => {
    const { producer, lane, keysWith, errors } = bundle
    await bundle.consume(take)
    const [delivery] = newDeliveries(1)
    for (const count of [1, 2]) {
      await producer.add(lane, delivery!, ANYBODY)
      await until('it is handled', () => handled.length === count)
      await until('its keys are gone', async () => (await keysWith(delivery!.jobId)).length === 0)
    }
    expect(handled).toEqual([delivery, delivery])
    expect(await isEmpty()).toBe(true)
    expect(errors).toEqual([])
  })

  test('a first choice comes with a first delivery, and not with the same one put off', async () => {
    const { producer, lane } = bundle
    const first = { deployment: 'opus', inputTokens: 10, outputTokens: 20, drop: [] }
    await bundle.consume(async (delivery) => {
      handled.push(delivery)
      return handled.length === 1 ? { kind: 'delay', untilMs: Date.now() + 100 } : { kind: 'done' }
    })
    const [delivery] = newDeliveries(1)
    await producer.add(lane, { ...delivery!, first }, ANYBODY)
    await until('it came twice', () => handled.length === 2)
    expect(handled).toEqual([{ ...delivery, first }, delivery])
  })

  test('what goes next goes first, the rest in the order of its turns', async () => {
    const { producer, lane } = bundle
    const deliveries = newDeliveries(30)
    const turns = [
      { ...ANYBODY, project: 'proj_large', tokens: 50_000 },
      { ...ANYBODY, project: 'proj_small' },
      'next',
    ] as const
    for (const [index, delivery] of deliveries.entries()) await producer.add(lane, delivery, turns[index % 3]!)
    await bundle.consume(take, { concurrency: 1 })
    await until('all are handled', () => handled.length === deliveries.length)
    const [large, small, next] = [0, 1, 2].map((rest) => deliveries.filter((_, index) => index % 3 === rest))
    expect(ids(handled)).toEqual(ids([...next!, large![0]!, ...small!, ...large!.slice(1)]))
  })

  test('a delay brings the same delivery again, not before its time', async () => {
    const { producer, lane } = bundle
    const untilMs = Date.now() + 700
    const times: number[] = []
    await bundle.consume(async () => {
      times.push(Date.now())
      return times.length === 1 ? { kind: 'delay', untilMs } : DONE
    })
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    await until('it is delayed', async () => (await producer.depth(lane)).delayed === 1)
    await until('it comes again', () => times.length === 2)
    expect(times[1]).toBeGreaterThanOrEqual(untilMs - 1)
    await until('it is done', isEmpty)
  })

  test.each([600, 100])(
    'an add put off for %i ms comes then, on an idle lane too, and not at the next whole second',
    async (delayMs) => {
      await bundle.consume(take)
      const addedAt = Date.now()
      await bundle.putOff(newDeliveries(1)[0]!, delayMs)
      await until('it is handled', () => handled.length === 1)
      expect(Date.now() - addedAt).toBeGreaterThanOrEqual(delayMs - 10)
      expect(Date.now() - addedAt).toBeLessThan(delayMs + 900)
    },
  )

  test('a handler that throws is reported and the delivery comes again, even one that throws at once', async () => {
    const { producer, lane, errors } = bundle
    let calls = 0
    await bundle.consume((delivery) => {
      if (++calls === 1) throw new Error('a bug')
      return take(delivery)
    })
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    await until('it is handled', () => handled.length === 1)
    expect(errors.map(({ cause }) => cause)).toEqual([new Error('a bug')])
  })

  test('one delivery is never held twice at the same time, and each is handled once', async () => {
    const { producer, lane, errors } = bundle
    const running = new Set<string>()
    const twice: string[] = []
    async function handle(delivery: Delivery): Promise<Verdict> {
      const id = deliveryId(delivery)
      if (running.has(id)) twice.push(id)
      running.add(id)
      await new Promise((resolve) => setImmediate(resolve))
      running.delete(id)
      return take(delivery)
    }
    const [first, second] = [await bundle.consume(handle), await bundle.consume(handle)]
    const deliveries = newDeliveries(400)
    for (let i = 0; i < 2; i++) await Promise.all(deliveries.map((delivery) => producer.add(lane, delivery, ANYBODY)))
    await until('all are handled', isEmpty)
    await until('nothing is held', () => first.health().held + second.health().held === 0)
    expect(twice).toEqual([])
    expect(new Set(ids(handled)).size).toBe(deliveries.length)
    expect(errors).toEqual([])
  })

  test('a delivery whose hash was deleted is handled all the same', async () => {
    const { producer, lane, redis, keysWith } = bundle
    const [delivery] = newDeliveries(1)
    await producer.add(lane, delivery!, ANYBODY)
    await redis.del(laneKeys(lane).base + deliveryId(delivery!))
    expect(await producer.missing(lane, [delivery!])).toEqual([])
    await bundle.consume(take)
    await until('it is handled', () => handled.length === 1)
    expect(handled).toEqual([delivery])
    await until('its keys are gone', async () => (await keysWith(delivery!.jobId)).length === 0)
  })

  test('after all keys of the lane were deleted missing reports, add works, and the same consumer goes on', async () => {
    const { producer, lane, redis, keysWith } = bundle
    await bundle.consume(take, { concurrency: 1 })
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    await until('the consumer is at work', () => handled.length === 1)
    const deliveries = newDeliveries(20)
    await Promise.all(deliveries.map((delivery) => bundle.putOff(delivery, 60_000)))
    await redis.del(...(await keysWith('')))
    expect(ids(await producer.missing(lane, deliveries))).toEqual(ids(deliveries))
    await Promise.all(deliveries.map((delivery) => producer.add(lane, delivery, ANYBODY)))
    await until('all are handled', () => handled.length === 21)
    await until('the lane is empty', isEmpty)
  })

  test('a held delivery is not missing, not even when the list of active ones was deleted', async () => {
    const { producer, lane, redis } = bundle
    let finish: (verdict: Verdict) => void = () => {}
    await bundle.consume((delivery) => {
      handled.push(delivery)
      return new Promise((resolve) => {
        finish = resolve
      })
    })
    const [delivery] = newDeliveries(1)
    await producer.add(lane, delivery!, ANYBODY)
    await until('it is held', () => handled.length === 1)
    expect(await producer.missing(lane, [delivery!])).toEqual([])
    await redis.del(laneKeys(lane).active)
    expect(await producer.missing(lane, [delivery!])).toEqual([])
    finish(DONE)
    await until('its lock is gone', async () => (await producer.missing(lane, [delivery!])).length === 1)
  })

  test('concurrency is a bound that can be changed while all slots are taken', async () => {
    const { producer, lane } = bundle
    const finish: (() => void)[] = []
    let most = 0
    const consumer = await bundle.consume(
      () => {
        most = Math.max(most, consumer.health().held)
        return new Promise((resolve) => finish.push(() => resolve(DONE)))
      },
      { concurrency: 2 },
    )
    await Promise.all(newDeliveries(8).map((delivery) => producer.add(lane, delivery, ANYBODY)))
    await until('both slots are taken', () => consumer.health().held === 2)
    consumer.setConcurrency(5)
    await until('five slots are taken', () => consumer.health().held === 5)
    consumer.setConcurrency(1)
    for (const end of finish.splice(0)) end()
    await until('one slot is taken', () => consumer.health().held === 1)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 2 })
    expect(most).toBe(5)
    consumer.setConcurrency(10)
    await until('the rest is held', () => consumer.health().held === 3)
    for (const end of finish) end()
    await until('all are done', isEmpty)
  })

  test('more slots than one fetcher should have are spread over several', async () => {
    const { producer, lane } = bundle
    const finish: (() => void)[] = []
    const consumer = await bundle.consume(() => new Promise((resolve) => finish.push(() => resolve(DONE))), {
      concurrency: 1_200,
    })
    // As a busy machine can confirm within the second that a producer waits.
    for (let added = 0; added < 1_220; added += 122) {
      await Promise.all(newDeliveries(122).map((delivery) => producer.add(lane, delivery, ANYBODY)))
    }
    await until('1,200 are held', () => consumer.health().held === 1_200)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 20, active: 1_200 })
    consumer.setConcurrency(500)
    for (const end of finish.splice(0, 600)) end()
    await until('half of them is done', () => consumer.health().held === 600)
    expect(await producer.depth(lane)).toMatchObject({ waiting: 20 })
    for (const end of finish.splice(0)) end()
    await until('the last ones are held', () => finish.length === 20)
    for (const end of finish) end()
    await until('all are done', isEmpty)
  })

  test('a paused consumer holds on to what it has and fetches nothing once its fetch came back', async () => {
    const { producer, lane } = bundle
    const consumer = await bundle.consume(take)
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    await until('it is at work', () => handled.length === 1)
    await until('it has nothing to do', isEmpty)
    const emptyAt = Date.now()
    // Paused between two fetches there would be none to come back.
    await until('it waits in a fetch', () => consumer.health().lastFetchAtMs > emptyAt)
    consumer.pause()
    const pausedAt = Date.now()
    for (const delivery of newDeliveries(5)) await producer.add(lane, delivery, ANYBODY)
    const other = await bundle.consume(take)
    await until('the other takes what is left', isEmpty)
    // The fetch that was under way may have brought one of them.
    await until('its last fetch came back', () => consumer.health().lastFetchAtMs > pausedAt)
    await other.stop()
    expect(handled).toHaveLength(6)
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    const addedAt = Date.now()
    await until('time for a fetch is over', () => Date.now() - addedAt > 2_500)
    expect(handled).toHaveLength(6)
    consumer.resume()
    expect(await until('it goes on', () => handled.length === 7)).toBeLessThan(1_000)
    expect(consumer.health()).toMatchObject({ paused: false, replaced: 0 })
  })

  test('stop waits for what is held; asked to release, handlers hand back and another consumer has it at once', async () => {
    const { producer, lane } = bundle
    const consumer = await bundle.consume(
      (_delivery, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ kind: 'delay', untilMs: Date.now() }))
        }),
    )
    const deliveries = newDeliveries(3)
    for (const delivery of deliveries) await producer.add(lane, delivery, ANYBODY)
    await until('all are held', () => consumer.health().held === 3)
    let isStopped = false
    const stopping = consumer.stop().then(() => {
      isStopped = true
    })
    await bundle.consume(take)
    await producer.add(lane, newDeliveries(1)[0]!, ANYBODY)
    await until('the other takes the new one', () => handled.length === 1)
    expect(isStopped).toBe(false)
    await consumer.stop({ releaseHeld: true })
    await stopping
    const tookMs = await until('the other takes the released ones', () => handled.length === 4)
    expect(tookMs).toBeLessThan(1_000)
    expect(ids(handled.slice(1)).sort()).toEqual(ids(deliveries).sort())
    expect(bundle.errors).toEqual([])
  })
})
