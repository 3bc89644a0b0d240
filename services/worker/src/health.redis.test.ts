import type { JobRecord, JobSpec } from '@switchyard/contract/job'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type StartedWorker, type WorkerBundle } from './testing/worker-bundle.ts'

const ONE_BY_ONE = { concurrent: false }
const ATTENDED = { onDisconnect: 'cancel', tier: 'interactive' } as const
const BACKGROUND = { onDisconnect: 'continue', tier: 'interactive' } as const

describe.concurrent.each(OWN_SERVERS)('the health of deployments on %s', ONE_BY_ONE, (_name, url) => {
  let simulator: SimulatorProcess
  let bundle: WorkerBundle
  let worker: StartedWorker
  beforeAll(async () => {
    simulator = await startSimulatorProcess()
  })
  afterAll(() => simulator.stop())
  async function open(breakerOpen: string, inFlight = 8): Promise<void> {
    bundle = await openWorkerBundle(url, simulator, { inFlight }, breakerOpen)
    worker = await bundle.start()
  }
  afterEach(async () => {
    await simulator.heal()
    await bundle.close()
  })

  const down = (status = 503) => simulator.fault({ kind: 'status', status, model: bundle.first.model })
  const triedBy = ({ attempts }: JobRecord) => attempts.map(({ deployment }) => deployment)
  const linesOf = (text: string) => worker.logged.filter((line) => line.includes(text)).map((line) => JSON.parse(line))

  async function run(over: Partial<JobSpec>, hops = [bundle.first, bundle.second]): Promise<JobRecord> {
    const { id } = await bundle.submit(bundle.spec(over, hops), 1)
    return bundle.ended(id)
  }

  /** Jobs one after the other, until one has gone past the first deployment. */
  async function runUntilOut(): Promise<number> {
    for (let jobs = 1; jobs <= 20; jobs++) {
      const record = await run(ATTENDED)
      expect(record.status).toBe('completed')
      if (triedBy(record).length === 1) return jobs
    }
    throw new Error('its breaker never opened')
  }

  it('one that keeps failing is gone past', ONE_BY_ONE, async () => {
    await open('1m')
    await down()
    expect(await runUntilOut()).toBe(4)
    // Two calls of each of the first two jobs, one of the third: then it was open.
    expect(await simulator.callsTo(bundle.first.model)).toHaveLength(5)
    expect(linesOf('breaker opened')).toMatchObject([
      { scope: `deployment:${bundle.first.name}`, cause: 'overloaded', openings: 1, openMs: 60_000, outMs: 0 },
    ])
  })

  it('one that has failed is found out about by one job, and taken back', ONE_BY_ONE, async () => {
    await open('400ms')
    await down()
    await runUntilOut()
    await simulator.heal()
    await eventually(async () => expect(triedBy(await run(ATTENDED))).toEqual([bundle.first.name]), 10_000)
    const closed = [{ scope: `deployment:${bundle.first.name}`, outMs: expect.any(Number) }]
    // One good call is enough after one opening. On a busy machine it may have opened twice before it was healed, and wants two.
    await eventually(async () => {
      if (linesOf('breaker closed').length === 0) await run(ATTENDED)
      expect(linesOf('breaker closed')).toMatchObject(closed)
    }, 10_000)
    expect(linesOf('breaker closed')[0].outMs).toBeGreaterThanOrEqual(400)
  })

  it('a refused credential takes its provider out at the second call', ONE_BY_ONE, async () => {
    await open('1m')
    await down(401)
    expect(await runUntilOut()).toBe(3)
    expect(linesOf('breaker opened')).toMatchObject([
      { scope: expect.stringMatching(/^credential:/), cause: 'credential' },
    ])
  })

  it('with everybody out, who waits is told at once when to come back', ONE_BY_ONE, async () => {
    await open('1m')
    await down(404)
    const records = []
    for (let i = 0; i < 4; i++) records.push(await run(ATTENDED, [bundle.first]))
    expect(records.at(-1)).toMatchObject({
      status: 'failed',
      attempts: [],
      failure: { status: 503, error: { code: 'no_healthy_deployment' }, retryAfterSeconds: expect.any(Number) },
    })
    expect(await simulator.callsTo(bundle.first.model)).toHaveLength(2)
  })

  it('with everybody out, whoever has time waits, and none is lost', ONE_BY_ONE, async () => {
    await open('400ms')
    await down()
    const specs = await Promise.all(
      Array.from({ length: 20 }, () => bundle.submit(bundle.spec(BACKGROUND, [bundle.first]), 1)),
    )
    await eventually(() => expect(linesOf('breaker opened')).toHaveLength(1))
    await eventually(() => expect(linesOf('breaker reopened').length).toBeGreaterThan(0), 10_000)
    await simulator.heal()
    const records = await Promise.all(specs.map(({ id }) => bundle.ended(id)))
    expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['completed']))
    // What was made of it stands in both ledgers alike.
    const calls = await simulator.callsTo(bundle.first.model)
    expect(calls.map(({ clientRequestId }) => clientRequestId).toSorted()).toEqual(
      records.flatMap(({ spec, attempts }) => attempts.map(({ number }) => `${spec.id}.${number}`)).toSorted(),
    )
  })

  it('during an outage of one provider the calls are hardly more than the jobs', {
    ...ONE_BY_ONE,
    timeout: 60_000,
  }, async () => {
    await open('1m', 2)
    await down(529)
    const specs = await Promise.all(Array.from({ length: 100 }, () => bundle.submit(bundle.spec(ATTENDED), 1)))
    const records: JobRecord[] = []
    for (const { id } of specs) records.push(await bundle.ended(id))
    expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['completed']))
    const calls = [...(await simulator.callsTo(bundle.first.model)), ...(await simulator.callsTo(bundle.second.model))]
    expect(calls.length).toBe(records.flatMap(({ attempts }) => attempts).length)
    expect(calls.length).toBeLessThanOrEqual(records.length * 1.1)
  })
})
