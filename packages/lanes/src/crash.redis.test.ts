import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isClusterClient } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deliveryId } from './delivery.ts'
import { laneKeys } from './keys.ts'
import { ANYBODY, ids, type LaneBundle, newDeliveries, openLane } from './testing/lane-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'

const DOOMED = fileURLToPath(new URL('./testing/doomed-consumer.ts', import.meta.url))
const SETTINGS = { lockDurationMs: 1_500, stalledIntervalMs: 500 }

describe.each(SERVERS)('a crash on %s', (_name, url) => {
  let bundle: LaneBundle
  let children: ChildProcess[]
  beforeEach(async () => {
    bundle = await openLane(url)
    children = []
  })
  afterEach(async () => {
    await Promise.all(children.map(crash))
    await bundle.close()
  })

  async function startDoomed(): Promise<{ child: ChildProcess; taken: string[] }> {
    const { lockDurationMs, stalledIntervalMs } = SETTINGS
    const child = spawn(process.execPath, [DOOMED, url, bundle.lane, `${lockDurationMs}`, `${stalledIntervalMs}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const taken: string[] = []
    child.stdout!.on('data', (data) => taken.push(...String(data).trim().split('\n')))
    return { child, taken }
  }

  async function crash(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  test('what a killed consumer held comes to another one, ahead of what waits, and is never lost to a stall count', async () => {
    const { producer, lane } = bundle
    const deliveries = newDeliveries(5)
    for (const delivery of deliveries) await producer.add(lane, delivery, ANYBODY)
    // Three processes die with the same deliveries; BullMQ alone would fail them at the second.
    for (let i = 0; i < 3; i++) {
      const { child, taken } = await startDoomed()
      await until('it has all of them', () => taken.length === deliveries.length, 20_000)
      expect([...taken].sort()).toEqual(ids(deliveries).sort())
      await crash(child)
      expect(await producer.missing(lane, deliveries)).toEqual([])
    }
    const later = newDeliveries(1)
    await bundle.putOff(later[0]!, 3_000)
    const handled: string[] = []
    await bundle.consume(
      async (delivery) => {
        handled.push(deliveryId(delivery))
        return { kind: 'done' }
      },
      { settings: SETTINGS, concurrency: 1 },
    )
    await until('all are handled', () => handled.length === deliveries.length + 1)
    expect(handled.slice(0, 5).sort()).toEqual(ids(deliveries).sort())
    await until('no key is left', async () => (await bundle.keysWith('job_')).length === 0)
    expect(bundle.errors).toEqual([])
  })

  test('one that is stopped past its lock and goes on changes nothing any more', async () => {
    const { producer, lane, redis } = bundle
    const [delivery] = newDeliveries(1)
    await producer.add(lane, delivery!, ANYBODY)
    const { child, taken } = await startDoomed()
    await until('it has the delivery', () => taken.length === 1, 20_000)
    child.kill('SIGSTOP')
    let finish: () => void = () => {}
    await bundle.consume(
      () =>
        new Promise((resolve) => {
          finish = () => resolve({ kind: 'done' })
        }),
      { settings: SETTINGS },
    )
    const lock = `${laneKeys(lane).base}${deliveryId(delivery!)}:lock`
    const before = await redis.get(lock)
    let ours: string | null = null
    await until('the other has it', async () => {
      ours = await redis.get(lock)
      return ours !== null && ours !== before
    })
    child.kill('SIGCONT')
    // Its renewal is refused, and the lock stays ours for longer than one lasts unrenewed.
    const revivedAt = Date.now()
    await until('its lock would have run out', async () => {
      expect(await redis.get(lock)).toBe(ours)
      return Date.now() - revivedAt > SETTINGS.lockDurationMs * 1.5
    })
    finish()
    await until('no key is left', async () => (await bundle.keysWith('job_')).length === 0)
  })

  test('what one is given that was stopped in its wait comes to another when the lock has run out', async () => {
    const { producer, lane } = bundle
    const { child, taken } = await startDoomed()
    await until('it waits', async () => (await clients()).some((client) => client.includes('cmd=bzpopmin')), 20_000)
    child.kill('SIGSTOP')
    const deliveries = newDeliveries(3)
    for (const delivery of deliveries) await producer.add(lane, delivery, ANYBODY)
    const handled: string[] = []
    await bundle.consume(
      async (delivery) => {
        handled.push(deliveryId(delivery))
        return { kind: 'done' }
      },
      { settings: SETTINGS },
    )
    await until('all are handled', () => handled.length === deliveries.length)
    expect([...handled].sort()).toEqual(ids(deliveries).sort())
    expect(taken).toEqual([])
  })

  /** Of this lane, on every node. */
  async function clients(): Promise<string[]> {
    const { redis, lane } = bundle
    const nodes = isClusterClient(redis) ? redis.nodes('master') : [redis]
    const lists = await Promise.all(nodes.map((node) => node.client('LIST') as Promise<string>))
    return lists.flatMap((list) => list.split('\n')).filter((client) => client.includes(lane))
  }
})
