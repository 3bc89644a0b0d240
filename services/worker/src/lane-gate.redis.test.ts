import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '@switchyard/redis/testing/eventually'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type TestDeployment, type WorkerBundle } from './testing/worker-bundle.ts'

const PATIENCE_MS = 15_000

/** A server of its own, because commands are counted. */
let server: OwnRedis
let simulator: SimulatorProcess
let bundle: WorkerBundle
beforeAll(async () => {
  ;[server, simulator] = await Promise.all([startOwnRedis(), startSimulatorProcess()])
})
afterAll(() => Promise.all([server.remove(), simulator.stop()]))
afterEach(() => bundle.close())

async function open(limits: TestDeployment['limits'], more: TestDeployment[] = []): Promise<void> {
  bundle = await openWorkerBundle(server.url, simulator, limits)
  const [provider, modelClass] = [bundle.first.lane.split('.')[1], bundle.first.lane.split('.')[0]]
  const rows = more.map(
    ({ name, model, limits: own }) =>
      `  ${name}: { provider: ${provider}, class: ${modelClass}, model: ${model}, limits: ${JSON.stringify(own)} }`,
  )
  await bundle.edit(bundle.catalog(limits, rows.join('\n')))
  await bundle.start()
}

/** What clients ask of Redis: scripts, each as one, and fetches that block. */
async function commands(): Promise<number> {
  const stats = String(await server.ask('INFO', 'commandstats'))
  const calls = [...stats.matchAll(/^cmdstat_(?:evalsha|eval|bzpopmin|publish):calls=(\d+)/gm)]
  return calls.reduce((sum, [, count]) => sum + Number(count), 0)
}

async function submit(count: number, hops: TestDeployment[]): Promise<void> {
  const specs = Array.from({ length: count }, () => bundle.spec({ deadlineMs: null }, hops))
  await Promise.all(specs.map((spec) => bundle.submit(spec)))
}

const depth = () => bundle.broker.producer.depth(bundle.first.lane)

/** Resolves when so many deliveries are left in the lane. */
async function untilLeft(lane: string, count: number): Promise<void> {
  await eventually(async () => {
    const { waiting, delayed, active } = await bundle.broker.producer.depth(lane)
    expect(waiting + delayed + active).toBe(count)
  }, PATIENCE_MS)
}

describe('a lane without capacity', () => {
  it('costs a few commands a second however many jobs wait in it, which stay in it but for a handful', async () => {
    await open({ rpm: 1 })
    await submit(2_000, [bundle.first])
    await untilLeft(bundle.first.lane, 1_999)
    await eventually(async () => expect(await depth()).toMatchObject({ active: 0 }), PATIENCE_MS)
    const before = await commands()
    await delay(3_000)
    expect(((await commands()) - before) / 3).toBeLessThan(40)
    expect((await bundle.limiter(bundle.first)).booked).toBeLessThanOrEqual(8)
    expect((await depth()).waiting).toBeGreaterThan(1_900)
  })

  it('lets jobs through that can go elsewhere', async () => {
    await open({ rpm: 1 })
    await submit(100, [bundle.first, bundle.second])
    await untilLeft(bundle.first.lane, 0)
    await untilLeft(bundle.second.lane, 0)
    await eventually(async () => expect(await bundle.limiter(bundle.first)).toMatchObject({ booked: 0 }))
  })

  it('serves its other deployments', async () => {
    const other = { name: `other-${randomUUID()}`, model: 'gpt-5.5-other', lane: '', limits: { rpm: 1_000 } }
    await open({ rpm: 1 }, [other])
    await submit(30, [bundle.first])
    await submit(30, [{ ...other, lane: bundle.first.lane }])
    await untilLeft(bundle.first.lane, 29)
  })

  it('gives every place in flight away as soon as it is free', async () => {
    await open({ inFlight: 2 })
    await simulator.model(bundle.first.model, { firstTokenMs: 50 })
    await submit(40, [bundle.first])
    await untilLeft(bundle.first.lane, 0)
    await eventually(async () => expect(await bundle.limiter(bundle.first)).toMatchObject({ inFlight: 0, booked: 0 }))
  })
})
