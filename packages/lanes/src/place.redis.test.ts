import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Delivery } from './delivery.ts'
import { laneKeys } from './keys.ts'
import { LOWEST_PRIORITY } from './priority.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { randomFrom } from './testing/lane-model.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'
import { type Share, unitsOf } from './turn.ts'

/** What the script does, with numbers that have no end: no base, no range. */
function modelLane() {
  const ends = new Map<string, number>()
  const waiting: { id: string; begins: number }[] = []
  return {
    add(id: string, share: Share) {
      const units = unitsOf(share)
      if (waiting.length === 0) ends.clear()
      const now = waiting[0]?.begins ?? 0
      const begins =
        waiting.length === 0 ? 0 : Math.max(ends.get(share.project) ?? 0, now + Math.max(units / 16, 1 / 64))
      ends.set(share.project, begins + units)
      const shown = Math.floor(begins * 64) / 64
      const behind = waiting.findIndex((other) => other.begins > shown)
      waiting.splice(behind === -1 ? waiting.length : behind, 0, { id, begins: shown })
    },
    next: () => waiting.shift()?.id,
  }
}

describe.each(SERVERS)('turns on %s', (_name, url) => {
  let bundle: LaneBundle
  beforeEach(async () => {
    bundle = await openLane(url)
  })
  afterEach(() => bundle.close())

  const share = (project: string, over: Partial<Share> = {}): Share => ({ project, weight: 1, tokens: 1_024, ...over })
  const add = (delivery: Delivery, turn: Share | 'next') => bundle.producer.add(bundle.lane, delivery, turn)
  const waiting = () => bundle.redis.zrange(laneKeys(bundle.lane).prioritized, '0', '-1')

  /** Adds and takes what is first in turns of `batch`, and holds the order against the model's. */
  async function followModel(rounds: number, batch: number, depth: number, next: () => Share): Promise<number[]> {
    const { redis } = bundle
    const { prioritized } = laneKeys(bundle.lane)
    const model = modelLane()
    const priorities: number[] = []
    // The script's text is sent once, and behind what was sent by its hash.
    await add(newDeliveries(1)[0]!, 'next')
    await redis.zpopmin(prioritized)
    let held = 0
    for (let round = 0; round < rounds; round++) {
      const deliveries = newDeliveries(batch)
      const added = deliveries.map((delivery, i) => {
        const turn = next()
        model.add(ids([deliveries[i]!])[0]!, turn)
        return add(delivery, turn)
      })
      held += batch
      const leaving = Math.max(0, held - depth)
      held -= leaving
      const taken = await redis.zpopmin(prioritized, String(leaving))
      await Promise.all(added)
      const expected = Array.from({ length: leaving }, () => model.next())
      expect(taken.filter((_, i) => i % 2 === 0)).toEqual(expected)
      for (let i = 1; i < taken.length; i += 2) priorities.push(Math.floor(Number(taken[i]) / 2 ** 32))
    }
    return priorities
  }

  test('the order is that of numbers without an end, over a move of a thousand and more that wait', {
    timeout: 60_000,
  }, async () => {
    const random = randomFrom(3)
    // Each job is 1,000 to 2,000 units: four projects with 250 waiting each spread over a fifth of the range, and every ninth newcomer is alone.
    const next = () => {
      const project = random() < 0.1 ? `proj_new_${random()}` : `proj_${Math.floor(4 * random())}`
      return share(project, { weight: 0.5, tokens: 1_024 * 500 * (1 + random()) })
    }
    const priorities = await followModel(140, 60, 1_000, next)
    expect(priorities.length).toBeGreaterThan(7_000)
    for (const priority of priorities) expect(priority).toBeGreaterThanOrEqual(2)
    expect(Math.max(...priorities)).toBeLessThanOrEqual(LOWEST_PRIORITY)
    // It was moved down.
    const falls = priorities.filter((priority, i) => i > 0 && priority < priorities[i - 1]! - 1_000_000)
    expect(falls.length).toBeGreaterThanOrEqual(1)
  })

  test('work without measure stays in range and is served', async () => {
    const random = randomFrom(5)
    const { redis } = bundle
    const { prioritized } = laneKeys(bundle.lane)
    let left = 0
    for (let round = 0; round < 30; round++) {
      const turns = Array.from({ length: 20 }, () =>
        share(`proj_${Math.floor(6 * random())}`, { weight: 10 ** (4 * random() - 2), tokens: 10 ** (9 * random()) }),
      )
      await Promise.all(newDeliveries(20).map((delivery, i) => add(delivery, turns[i]!)))
      left += 20
      const scores = (await redis.zrange(prioritized, '0', '-1', 'WITHSCORES'))
        .filter((_, i) => i % 2 === 1)
        .map(Number)
      expect(scores).toHaveLength(left)
      for (const score of scores) {
        expect(score / 2 ** 32).toBeGreaterThanOrEqual(2)
        expect(score / 2 ** 32).toBeLessThan(LOWEST_PRIORITY + 1)
      }
      left -= (await redis.zpopmin(prioritized, '18')).length / 2
    }
  })

  test('a lane that runs empty forgets the past', async () => {
    const [first, second, third] = newDeliveries(3)
    await add(first!, share('proj_a', { tokens: 1_000_000 }))
    await bundle.redis.zpopmin(laneKeys(bundle.lane).prioritized)
    await add(second!, share('proj_a'))
    await add(third!, share('proj_b'))
    expect(await waiting()).toEqual(ids([second!, third!]))
  })

  test('a repeated add takes no second turn', async () => {
    const [first, again, own, others] = newDeliveries(4)
    await add(first!, share('proj_a'))
    await add(again!, share('proj_b'))
    for (let i = 0; i < 5; i++) await add(again!, share('proj_b'))
    await add(own!, share('proj_b'))
    await add(others!, share('proj_a', { tokens: 2_000 }))
    expect(await waiting()).toEqual(ids([first!, again!, others!, own!]))
  })

  test('what is taken out gives its turn back', async () => {
    const deliveries = newDeliveries(50)
    const [first, second, late] = newDeliveries(3)
    await add(first!, share('proj_a'))
    for (const delivery of deliveries) await add(delivery, share('proj_b'))
    await add(second!, share('proj_a', { tokens: 20_000 }))
    for (const delivery of [...deliveries, ...deliveries])
      await bundle.producer.remove(bundle.lane, delivery, share('proj_b'))
    await add(late!, share('proj_b'))
    expect(await waiting()).toEqual(ids([first!, late!, second!]))
  })

  test('what was put off goes next, whatever was added since', async () => {
    const [putOff, waits, later] = newDeliveries(3)
    const untilMs = Date.now() + 300
    const handled: Delivery[] = []
    let release: () => void = () => {}
    const consumer = await bundle.consume(
      async (delivery) => {
        handled.push(delivery)
        if (handled.length === 1) return { kind: 'delay', untilMs }
        if (handled.length === 2) await new Promise<void>((resolve) => (release = resolve))
        return { kind: 'done' }
      },
      { concurrency: 1 },
    )
    await add(putOff!, share('proj_a', { tokens: 1_000_000 }))
    await until('it is put off', async () => (await bundle.producer.depth(bundle.lane)).delayed === 1)
    await add(waits!, share('proj_b'))
    await until('the other is held', () => handled.length === 2)
    await add(later!, share('proj_c'))
    await until('its time has come', () => Date.now() > untilMs)
    release()
    await until('all were handled', () => handled.length === 4)
    expect(ids(handled)).toEqual(ids([putOff!, waits!, putOff!, later!]))
    await consumer.stop()
  })

  test('a turn costs what any job costs at least, and weights have bounds', () => {
    expect(unitsOf({ ...ANYBODY, tokens: Number.NaN })).toBe(0.25)
    expect(unitsOf({ ...ANYBODY, tokens: 0, weight: 0 })).toBe(25)
    expect(unitsOf({ ...ANYBODY, weight: Number.POSITIVE_INFINITY })).toBe(1)
  })
})
