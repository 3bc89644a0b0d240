import { eventually } from '@switchyard/redis/testing/eventually'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

let server: OwnRedis
let simulator: SimulatorProcess
let bundle: WorkerBundle
beforeAll(async () => {
  ;[server, simulator] = await Promise.all([startOwnRedis(), startSimulatorProcess()])
})
afterAll(() => Promise.all([server.remove(), simulator.stop()]))
afterEach(() => bundle.close())

async function refuseOnce(retryAfter: number): Promise<void> {
  bundle = await openWorkerBundle(server.url, simulator, {})
  await bundle.start()
  await simulator.fault({ kind: 'status', model: bundle.first.model, status: 429, retryAfter, times: 1 })
}

it('a deployment without limits is not called before the time it told, and others are', async () => {
  await refuseOnce(30)
  const refused = await bundle.submit(bundle.spec())
  expect((await bundle.ended(refused.id)).attempts).toMatchObject([
    { deployment: bundle.first.name, errorClass: 'rate_limited' },
    { deployment: bundle.second.name, status: 'completed' },
  ])
  for (const spec of await Promise.all([1, 2, 3].map(() => bundle.submit(bundle.spec())))) {
    expect((await bundle.ended(spec.id)).attempts).toMatchObject([{ deployment: bundle.second.name }])
    expect((await simulator.callsOf(spec.id)).length).toBe(1)
  }
})

it('where nobody else is, jobs wait for that time and one call is refused', async () => {
  await refuseOnce(3)
  const first = await bundle.submit(bundle.spec({}, [bundle.first]))
  await eventually(async () => expect((await bundle.read(first.id)).attempts).toMatchObject([{ status: 'failed' }]))
  const since = Date.now()
  const more = await Promise.all([1, 2, 3, 4].map(() => bundle.submit(bundle.spec({}, [bundle.first]))))
  for (const { id } of [first, ...more]) await bundle.ended(id)
  expect(Date.now() - since).toBeGreaterThan(1_500)
  const calls = await simulator.calls(bundle.first.model)
  expect(calls.filter(({ status }) => status === 429).length).toBe(1)
  expect(calls.filter(({ status }) => status === 200).length).toBe(5)
})
