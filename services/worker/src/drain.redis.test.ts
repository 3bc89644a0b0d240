import { jobKeys } from '@switchyard/jobs/keys'
import { readEvents } from '@switchyard/jobs/read-events'
import { isClusterClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

/** The servers beside each other, the tests of each one after the other. */
const ONE_BY_ONE = { concurrent: false }

describe.concurrent.each(OWN_SERVERS)('a worker that is asked to stop, on %s', (_name, url) => {
  let simulator: SimulatorProcess
  let bundle: WorkerBundle
  beforeAll(async () => {
    simulator = await startSimulatorProcess()
  })
  afterAll(() => simulator.stop())
  beforeEach(async () => {
    bundle = await openWorkerBundle(url, simulator)
  })
  afterEach(() => bundle.close())

  /** A job whose call hangs at its provider, once; the next call is answered. */
  async function hanging(over: Parameters<WorkerBundle['spec']>[0] = {}) {
    await simulator.fault({ kind: 'no_response', model: bundle.first.model, times: 1 })
    const spec = await bundle.submit(bundle.spec(over))
    await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'in_flight' }]))
    return spec
  }

  /** Connections that bear the name of a process or a lane of this bundle. */
  async function connectionsOf(owner: string): Promise<string[]> {
    const nodes = isClusterClient(bundle.redis) ? bundle.redis.nodes('master') : [bundle.redis]
    const lists = await Promise.all(nodes.map((node) => node.client('LIST')))
    return lists
      .flatMap((list) => String(list).split('\n'))
      .filter((line) => [owner, bundle.first.lane, bundle.second.lane].some((name) => line.includes(name)))
  }

  it(
    'hands back what does not end in time, with no crash counted, and another one finishes it',
    ONE_BY_ONE,
    async () => {
      const worker = await bundle.start({ drainMs: 100 })
      const spec = await hanging()
      const since = performance.now()
      await worker.stop()
      expect(performance.now() - since).toBeLessThan(3_000)
      const record = await bundle.read(spec.id)
      expect(record).toMatchObject({
        status: 'queued',
        delivery: 1,
        hop: 0,
        crashes: 0,
        owner: null,
        attempts: [{ number: 1, status: 'released', errorClass: null }],
      })
      await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }]))
      expect(await bundle.limiter(bundle.first)).toMatchObject({ inFlight: 0 })

      await bundle.start()
      const finished = await bundle.ended(spec.id)
      expect(finished).toMatchObject({
        status: 'completed',
        delivery: 1,
        crashes: 0,
        attempts: [{ status: 'released' }, { number: 2, status: 'completed', deployment: bundle.first.name }],
      })
      await eventually(async () => expect(await bundle.limiter(bundle.first)).toMatchObject({ inFlight: 0, booked: 0 }))
    },
  )

  it('hands over to one that is there already, within moments', ONE_BY_ONE, async () => {
    const worker = await bundle.start({ drainMs: 0 })
    const spec = await hanging()
    await bundle.start()
    await worker.stop()
    const since = performance.now()
    expect(await bundle.ended(spec.id)).toMatchObject({ status: 'completed', crashes: 0 })
    expect(performance.now() - since).toBeLessThan(3_000)
  })

  it('lets a running call end that needs no longer than it has', ONE_BY_ONE, async () => {
    await simulator.model(bundle.first.model, { firstTokenMs: 500 })
    const worker = await bundle.start({ drainMs: 10_000 })
    const spec = await bundle.submit(bundle.spec())
    await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'in_flight' }]))
    const late = bundle.spec()
    const stopped = worker.stop()
    await eventually(async () => expect(await bundle.announced(worker.owner)).toBeNull())
    await bundle.submit(late)
    await stopped
    expect(await bundle.read(spec.id)).toMatchObject({ status: 'completed', attempts: [{ status: 'completed' }] })
    // What came after that was left to others.
    expect(await bundle.read(late.id)).toMatchObject({ status: 'queued', attempts: [] })
  })

  it('never ends a stream cleanly that others have read in part', ONE_BY_ONE, async () => {
    const worker = await bundle.start({ drainMs: 0 })
    await simulator.fault({ kind: 'stall', model: bundle.first.model, afterChunks: 5 })
    const spec = await bundle.submit(bundle.spec({ stream: true, onBreak: 'fail' }), 50)
    const { record: recordKey } = jobKeys(spec.id)
    await eventually(async () => expect(await bundle.logged(spec.id)).toBeGreaterThan(5))
    await bundle.redis.hset(recordKey, 'read', 1)
    await worker.stop()
    const record = await bundle.read(spec.id)
    expect(record).toMatchObject({ status: 'failed', crashes: 0, attempts: [{ status: 'released' }] })
    const entries = await readEvents(bundle.broker.jobs, record, -1)
    expect(entries.at(-1)).toMatchObject({ event: 'error', terminal: 'failed' })
    expect(entries.at(-1)!.data).toContain('stream_interrupted')
  })

  it('starts a stream over unseen that nobody has read', ONE_BY_ONE, async () => {
    const worker = await bundle.start({ drainMs: 0 })
    await simulator.fault({ kind: 'stall', model: bundle.first.model, afterChunks: 5, times: 1 })
    const spec = await bundle.submit(bundle.spec({ stream: true, onBreak: 'fail' }), 50)
    await eventually(async () => expect(await bundle.logged(spec.id)).toBeGreaterThan(5))
    await worker.stop()
    expect(await bundle.read(spec.id)).toMatchObject({ status: 'queued', attempts: [{ status: 'released' }] })
    await bundle.start()
    const record = await bundle.ended(spec.id)
    expect(record.status).toBe('completed')
    const entries = await readEvents(bundle.broker.jobs, record, -1)
    expect(entries.map(({ seq }) => seq)).toEqual([...entries.keys()])
    expect(entries.filter(({ data }) => /"content":"[^"]/.test(data))).toHaveLength(50)
  })

  it('leaves the fleet and closes every connection, also when it is asked twice', ONE_BY_ONE, async () => {
    const worker = await bundle.start()
    expect(await bundle.announced(worker.owner)).not.toBeNull()
    expect((await connectionsOf(worker.owner)).length).toBeGreaterThan(3)
    await Promise.all([worker.stop(), worker.stop()])
    await worker.stop()
    expect(await bundle.announced(worker.owner)).toBeNull()
    await eventually(async () => expect(await connectionsOf(worker.owner)).toEqual([]))
  })
})
