import { eventually } from '@switchyard/redis/testing/eventually'
import { startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type StartedWorker, type WorkerBundle } from './testing/worker-bundle.ts'

describe('a worker whose catalog is edited', () => {
  const [, url] = OWN_SERVERS[0]!
  let simulator: SimulatorProcess
  let bundle: WorkerBundle
  let worker: StartedWorker
  beforeAll(async () => {
    simulator = await startSimulatorProcess()
  })
  afterAll(() => simulator.stop())
  beforeEach(async () => {
    bundle = await openWorkerBundle(url, simulator)
    worker = await bundle.start()
  })
  afterEach(() => bundle.close())

  async function announced(): Promise<{ ids: string[]; revision: string }> {
    const facts = await bundle.announced(worker.owner)
    return { ids: facts!.deployments.map(({ id }) => id).toSorted(), revision: facts!.catalogRevision }
  }

  /** A deployment more, in a class of its own and so in lanes of its own. */
  function withAnother({ first, catalog }: WorkerBundle = bundle) {
    const lane = first.lane.replace('.pa', '2.pa')
    const [className, provider] = lane.split('.') as [string, string]
    const name = first.name.replace('a-', 'n-')
    const text = catalog(
      undefined,
      `  ${name}: { provider: ${provider}, class: ${className}, model: gpt-5.5-${name} }`,
    ).replace('classes:', `classes:\n  ${className}: {}`)
    return { text, added: { name, model: `gpt-5.5-${name}`, lane, limits: {} } }
  }

  it('serves a deployment that is new in it within seconds, and says so', async () => {
    const before = await announced()
    const { text, added } = withAnother()
    const spec = await bundle.submit(bundle.spec({}, [added]))
    await bundle.edit(text)
    expect(await bundle.ended(spec.id)).toMatchObject({ status: 'completed', attempts: [{ deployment: added.name }] })
    // At once, not only with the next regular announcement.
    await eventually(async () => expect((await announced()).ids).toEqual([...before.ids, added.name].toSorted()), 2_000)
    expect((await announced()).revision).not.toBe(before.revision)
  })

  it('goes by a limit that was set in it from the next call on', async () => {
    await simulator.model(bundle.first.model, { firstTokenMs: 400 })
    await bundle.edit(bundle.catalog({ inFlight: 1 }))
    await eventually(async () => expect(worker.logged.join()).toContain('catalog reloaded'))
    const specs = await Promise.all([1, 2].map(() => bundle.submit(bundle.spec({}, [bundle.first]))))
    const attempts = await Promise.all(specs.map(async ({ id }) => (await bundle.ended(id)).attempts[0]!))
    const [one, other] = attempts.toSorted((a, b) => a.startedAtMs - b.startedAtMs)
    expect(other!.startedAtMs).toBeGreaterThanOrEqual(one!.startedAtMs + one!.durationMs! - 50)
  })

  it('stops serving what is not in it any more, and ends what runs there', async () => {
    await simulator.model(bundle.second.model, { firstTokenMs: 600 })
    const running = await bundle.submit(bundle.spec({}, [bundle.second]))
    await eventually(async () => expect(await simulator.callsOf(running.id)).toMatchObject([{ ended: 'in_flight' }]))
    const gone = new RegExp(`^  ${bundle.second.name}: .*\n`, 'm')
    await bundle.edit(bundle.catalog().replace(gone, '').replace(`, ${bundle.second.name}]`, ']'))
    await eventually(async () => expect((await announced()).ids).toEqual([bundle.first.name]), 6_000)
    expect(await bundle.ended(running.id)).toMatchObject({ status: 'completed', attempts: [{ status: 'completed' }] })
    const left = await bundle.submit(bundle.spec({}, [bundle.second]))
    const done = await bundle.submit(bundle.spec({}, [bundle.first]))
    await bundle.ended(done.id)
    expect(await bundle.read(left.id)).toMatchObject({ status: 'queued', attempts: [] })
  })

  it.each<[what: string, spoil: (text: string) => string, reason: RegExp]>([
    ['is no YAML', (text) => `${text}\n  - {`, /catalog\.yaml:\d+/],
    ['names an unknown key', (text) => text.replace('limits:', 'limit:'), /deployments\..*limit/],
    ['names a provider that is not there', (text) => text.replace(/provider: pa/, 'provider: nobody'), /provider/],
    ['is empty', () => '', /catalog\.yaml/],
  ])('refuses an edit that %s, says where, and goes on with the one before', async (_what, spoil, reason) => {
    const before = await announced()
    await bundle.edit(spoil(bundle.catalog()))
    const refusal = () => worker.logged.find((line) => line.includes('"level":"error"'))
    await eventually(async () => expect(refusal()).toMatch(/refused/))
    expect(refusal()).toMatch(reason)
    const spec = await bundle.submit(bundle.spec())
    expect(await bundle.ended(spec.id)).toMatchObject({
      status: 'completed',
      attempts: [{ deployment: bundle.first.name }],
    })
    expect(await announced()).toEqual(before)

    // And takes the next one that is right.
    const { text, added } = withAnother()
    await bundle.edit(text)
    await eventually(async () => expect((await announced()).ids).toContain(added.name))
  })

  it('does not start with one that is not valid', async () => {
    await bundle.edit(bundle.catalog().replace('limits:', 'limit:'))
    await expect(bundle.start()).rejects.toThrow(/not valid/)
  })

  it('takes an edit that was made while it started', async () => {
    const server = await startOwnRedis()
    const other = await openWorkerBundle(server.url, simulator)
    const logged: string[] = []
    // It reads the catalog, and then waits for Redis.
    server.pause()
    const starting = other.start({}, logged)
    await eventually(() => expect(logged.join()).toContain('provider has no credential'))
    const { text, added } = withAnother(other)
    await other.edit(text)
    await eventually(() => expect(logged.join()).toContain('catalog reloaded'))
    server.resume()
    const { owner } = await starting
    const ids = async () => (await other.announced(owner))!.deployments.map(({ id }) => id)
    await eventually(async () => expect(await ids()).toContain(added.name))
    await other.close()
    await server.remove()
  })
})
