import { fleetKeys } from '@switchyard/fleet/keys'
import { claimJob } from '@switchyard/jobs/claim-job'
import { createJob } from '@switchyard/jobs/create-job'
import { jobKeys } from '@switchyard/jobs/keys'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import { eventually } from '@switchyard/redis/testing/eventually'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

describe('a job that took two workers down with it', () => {
  // The suspect lane is one for all of a server.
  let server: OwnRedis
  let simulator: SimulatorProcess
  let bundle: WorkerBundle
  beforeAll(async () => {
    server = await startOwnRedis()
    simulator = await startSimulatorProcess()
    bundle = await openWorkerBundle(server.url, simulator)
  })
  afterAll(async () => {
    await bundle.close()
    await simulator.stop()
    await server.remove()
  })

  it('is not run beside others, but alone by the suspect worker', async () => {
    const spec = bundle.spec()
    await bundle.submit(spec)
    const { record } = jobKeys(spec.id)
    // Two owners claim it and are never heard of again.
    for (const owner of ['gone1', 'gone2']) {
      const { delivery } = await bundle.read(spec.id)
      const verdict = await claimJob(bundle.broker.jobs, { jobId: spec.id, delivery }, { owner, suspect: false })
      expect(verdict.kind).toBe('claimed')
      await bundle.redis.hset(record, 'lease', 1)
    }
    await bundle.start()
    const isolated = await bundle.until(spec.id, ({ lane }) => lane === SUSPECT_LANE)
    expect(isolated).toMatchObject({ status: 'queued', crashes: 2, attempts: [] })
    await eventually(async () => expect(await bundle.broker.producer.depth(SUSPECT_LANE)).toMatchObject({ waiting: 1 }))
    expect(await simulator.callsOf(spec.id)).toEqual([])

    const suspect = await bundle.start({ suspect: true })
    expect(await bundle.ended(spec.id)).toMatchObject({
      status: 'completed',
      crashes: 2,
      attempts: [{ deployment: bundle.first.name, status: 'completed' }],
    })
    await eventually(async () =>
      expect(await bundle.broker.producer.depth(SUSPECT_LANE)).toMatchObject({ waiting: 0, active: 0 }),
    )
    // It serves nobody's plans: ingress must not count on it.
    const json = await bundle.redis.hget(fleetKeys().members, suspect.owner)
    expect(JSON.parse(json!)).toMatchObject({ role: 'suspect' })
  })

  it('is quarantined by whoever meets it after the third', async () => {
    const spec = bundle.spec()
    await createJob(bundle.broker.jobs, { spec, body: Buffer.from('{}'), reader: null })
    await bundle.redis.hset(jobKeys(spec.id).record, 'crashes', 3)
    await bundle.broker.producer.add(bundle.first.lane, { jobId: spec.id, delivery: 1 }, 'next')
    expect(await bundle.ended(spec.id)).toMatchObject({
      status: 'failed',
      attempts: [],
      failure: { error: { code: 'job_quarantined' } },
    })
    expect(await simulator.callsOf(spec.id)).toEqual([])
  })
})
