import { createMetrics, type Metrics } from '@switchyard/telemetry/metric-registry'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { numbersKeys } from '../keys.ts'
import { type FleetBundle, openFleet } from '../testing/fleet-bundle.ts'
import { SERVERS } from '../testing/servers.ts'
import { startNumbersPublisher } from './publish-numbers.ts'
import { readNumbers } from './read-numbers.ts'

const LANE = { lane: 'frontier.anthropic' }

describe.each(SERVERS)('the numbers of a fleet on %s', (_name, url) => {
  let bundle: FleetBundle
  let redis: Awaited<ReturnType<FleetBundle['connect']>>
  beforeEach(async () => {
    bundle = await openFleet(url)
    redis = await bundle.connect('producer')
  })
  afterEach(async () => {
    const { numbers, seen, gone } = numbersKeys(bundle.prefix)
    await redis.del(numbers, seen, gone)
    await bundle.close()
  })

  function member(id: string, role = 'worker') {
    const metrics: Metrics = createMetrics()
    const { onError, prefix } = bundle
    const publisher = startNumbersPublisher({ redis, id, role, metrics, onError, prefix })
    bundle.stopLater(publisher)
    const defer = (times: number) => metrics.counter('switchyard_deferrals_total').add(LANE, times)
    return { metrics, publisher, defer }
  }

  const read = (goneAfterMs?: number) =>
    readNumbers(redis, { prefix: bundle.prefix, ...(goneAfterMs === undefined ? {} : { goneAfterMs }) })

  async function deferrals(goneAfterMs?: number): Promise<number> {
    const { counted } = await read(goneAfterMs)
    return (counted.switchyard_deferrals_total?.[0]?.[1] as number | undefined) ?? 0
  }

  test('are those of all its members, each with what its process costs', async () => {
    const [a, b, c] = [member('a'), member('b'), member('c', 'ingress')]
    a.defer(2)
    b.defer(3)
    c.metrics.gauge('switchyard_streams_open').set({}, 7)
    await Promise.all([a, b, c].map(({ publisher }) => publisher.publish()))
    const { counted, members } = await read()
    expect(counted.switchyard_deferrals_total).toEqual([[['frontier.anthropic'], 5]])
    expect(counted.switchyard_streams_open).toEqual([[[], 7]])
    expect([...members].sort()).toEqual([
      ['ingress', 1],
      ['worker', 2],
    ])
    const cost = new Map(counted.switchyard_process_cpu_seconds_total!.map(([[role], value]) => [role, value]))
    expect([...cost.keys()].sort()).toEqual(['ingress', 'worker'])
    expect(cost.get('worker')).toBeGreaterThan(0)
  })

  test('never fall when a process ends, but it takes along what it only had open', async () => {
    const [a, b] = [member('a'), member('b')]
    a.defer(2)
    a.metrics.gauge('switchyard_streams_open').set({}, 7)
    await a.publisher.publish()
    a.defer(4)
    b.defer(1)
    await b.publisher.publish()
    await a.publisher.stop()
    const { counted, members } = await read()
    expect(counted.switchyard_deferrals_total).toEqual([[['frontier.anthropic'], 7]])
    expect(counted.switchyard_streams_open).toBeUndefined()
    expect([...members]).toEqual([['worker', 1]])
  })

  test('stay what they were when those that have gone are put together, and go on when one of them was not gone', async () => {
    const [a, b] = [member('a'), member('b')]
    for (const each of [a, b]) {
      each.defer(5)
      each.metrics.histogram('switchyard_log_flush_seconds').observe({}, 0.002)
      await each.publisher.publish()
    }
    // Everybody has been silent for too long.
    expect(await deferrals(0)).toBe(10)
    expect(await redis.hlen(numbersKeys(bundle.prefix).numbers)).toBe(0)
    expect(await deferrals()).toBe(10)
    // One of them was only stopped for a while.
    a.defer(1)
    await a.publisher.publish()
    expect(await deferrals()).toBe(11)
    a.defer(1)
    await a.publisher.publish()
    expect(await deferrals()).toBe(12)
    expect(await deferrals(0)).toBe(12)
    const { counted } = await read()
    const [sum, ...counts] = counted.switchyard_log_flush_seconds![0]![1] as number[]
    expect(sum).toBeCloseTo(0.004)
    expect(counts.reduce((all, count) => all + count)).toBe(2)
  })

  test('are right whoever reads and puts together at the same time', async () => {
    const members = Array.from({ length: 8 }, (_, i) => member(`m${i}`))
    await Promise.all(
      members.map(({ defer, publisher }, i) => {
        defer(i + 1)
        return publisher.publish()
      }),
    )
    const read = await Promise.all(Array.from({ length: 10 }, () => deferrals(0)))
    expect(new Set(read)).toEqual(new Set([36]))
    expect(await deferrals()).toBe(36)
  })

  test('are bounded, and expire', async () => {
    const { metrics, publisher } = member('large')
    await publisher.publish()
    const lanes = metrics.counter('switchyard_fallbacks_total')
    for (let i = 0; i < 5_000; i++)
      lanes.add({ from: `${'f'.repeat(500)}${i % 70}`, to: `${'t'.repeat(500)}${i % 71}`, error_class: 'server' })
    await expect(publisher.publish()).rejects.toThrow('too many')
    const { numbers, seen } = numbersKeys(bundle.prefix)
    expect(await redis.pttl(numbers)).toBeGreaterThan(86_400_000)
    expect(await redis.pttl(seen)).toBeGreaterThan(86_400_000)
    await redis.hset(numbers, 'odd', '{"role":1}')
    await redis.zadd(seen, Date.now(), 'odd')
    expect([...(await read()).members]).toEqual([['worker', 1]])
  })
})
