import { newJobId, partitionOf } from '@switchyard/contract/ids'
import type { JobSpec } from '@switchyard/contract/job'
import { claimJob } from '@switchyard/jobs/claim-job'
import { createJob } from '@switchyard/jobs/create-job'
import { INLINE_BODY_BYTES, QUEUE_CHECK_MS } from '@switchyard/jobs/durations'
import { jobKeys } from '@switchyard/jobs/keys'
import { readEvents } from '@switchyard/jobs/read-events'
import { readResult } from '@switchyard/jobs/read-result'
import { type Delivery, deliveryId } from '@switchyard/lanes/delivery'
import { laneKeys } from '@switchyard/lanes/keys'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import { isClusterClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Archiver, createArchiver } from './archiver.ts'
import { createRollCall, type RollCall } from './roll-call.ts'
import { settle } from './settle.ts'
import { sweep } from './sweep.ts'
import { type BrokerBundle, openBroker } from './testing/broker-bundle.ts'

describe.each(OWN_SERVERS)('sweep on %s', (_name, url) => {
  let bundle: BrokerBundle
  let archiver: Archiver
  let rollCall: RollCall
  beforeEach(async () => {
    bundle = await openBroker(url)
    archiver = createArchiver(bundle.broker, () => true)
    rollCall = createRollCall(bundle.broker)
    const nodes = isClusterClient(bundle.redis) ? bundle.redis.nodes('master') : [bundle.redis]
    await Promise.all(nodes.map((node) => node.flushall()))
  })
  afterEach(() => bundle.close())

  /** Stored, and in no lane: whoever accepted it died before the add. */
  async function accept(over: Partial<JobSpec> = {}, body = Buffer.from('{}')): Promise<JobSpec> {
    const spec = bundle.spec(over)
    await createJob(bundle.broker.jobs, { spec, body, reader: null })
    return spec
  }

  async function complete(spec: JobSpec, body = '{"answer":42}'): Promise<void> {
    const { fence } = await bundle.claim(spec.id)
    await settle(bundle.broker, spec, { fence }, { status: 'completed', failure: null, body }, [])
  }

  async function sweepFor(...specs: JobSpec[]): Promise<boolean> {
    for (const { id } of specs) await bundle.makeDue(id)
    const more = await sweep(bundle.broker, archiver, { rollCall })
    await archiver.idle()
    return more
  }

  async function isWaiting(lane: string, delivery: Delivery): Promise<boolean> {
    return (await bundle.broker.producer.position(lane, delivery)) !== null
  }

  it('puts a job that no lane knows into its lane, and one that is there not a second time', async () => {
    const [one, other] = [await accept(), await accept()]
    await sweepFor(one, other)
    await sweepFor(one, other)
    const { producer } = bundle.broker
    expect(await producer.depth(bundle.lanes[0])).toMatchObject({ waiting: 2, active: 0 })
    for (const { id } of [one, other]) expect(await isWaiting(bundle.lanes[0], { jobId: id, delivery: 1 })).toBe(true)
  })

  it('does so again after every key of the lane was deleted', async () => {
    const spec = await accept()
    await sweepFor(spec)
    const { base } = laneKeys(bundle.lanes[0])
    const nodes = isClusterClient(bundle.redis) ? bundle.redis.nodes('master') : [bundle.redis]
    const keys = (await Promise.all(nodes.map((node) => node.keys(`${base}*`)))).flat()
    expect(keys.length).toBeGreaterThan(0)
    await Promise.all(keys.map((key) => bundle.redis.del(key)))
    await sweepFor(spec)
    expect(await isWaiting(bundle.lanes[0], { jobId: spec.id, delivery: 1 })).toBe(true)
  })

  it('looks for each job of a crowded lane less often, and for all of them once one is missing', {
    timeout: 60_000,
  }, async () => {
    const { broker, redis, lanes } = bundle
    const [lane] = lanes
    const crowd: JobSpec[] = []
    while (crowd.length < 2_000) {
      crowd.push(...(await Promise.all(Array.from({ length: 100 }, () => accept({ onDisconnect: 'continue' })))))
    }
    const attended = await accept({ onDisconnect: 'cancel' })
    const everybody = [...crowd, attended]
    async function lookAtAll(): Promise<void> {
      await Promise.all(everybody.map(({ id }) => bundle.makeDue(id)))
      while (await sweep(broker, archiver, { rollCall }));
    }
    const waiting = async () => (await broker.producer.depth(lane)).waiting
    await lookAtAll()
    expect(await waiting()).toBe(2_001)
    expect([...rollCall.crowded]).toEqual([[lane, 20_010]])
    await lookAtAll()
    const now = Date.now()
    const inMs = await Promise.all(
      everybody.map(async ({ id }) => Number(await redis.zscore(jobKeys(id).due, id)) - now),
    )
    const later = inMs.slice(0, -1)
    // Evenly over the time to come, so that a lane with so many is never out of sight.
    const mean = later.reduce((sum, ms) => sum + ms, 0) / later.length
    expect(mean).toBeGreaterThan(15_000)
    expect(mean).toBeLessThan(22_000)
    const seconds = new Set(later.map((ms) => Math.floor(ms / 1_000)))
    for (let second = 1; second < 35; second++) expect(seconds).toContain(second)
    expect(inMs.at(-1)).toBeLessThanOrEqual(QUEUE_CHECK_MS)
    // A third of what waits in it, and not the lane's other keys. One of those is looked for, and missing.
    const gone = crowd.slice(0, 700)
    await redis.zrem(laneKeys(lane).prioritized, ...gone.map(({ id }) => deliveryId({ jobId: id, delivery: 1 })))
    expect(await waiting()).toBe(1_301)
    await bundle.makeDue(gone[0]!.id)
    // All were missing at first, and are not looked for again at once.
    await eventually(async () => expect(await sweep(broker, archiver, { rollCall })).toBe(true), 10_000)
    while (await sweep(broker, archiver, { rollCall }));
    expect(await waiting()).toBe(2_001)
  })

  it('lets a job alone whose moment has not come or whose owner lives', async () => {
    const [queued, running] = [await accept(), await accept()]
    await bundle.claim(running.id)
    await sweep(bundle.broker, archiver)
    await sweepFor(running)
    expect(await bundle.broker.producer.depth(bundle.lanes[0])).toMatchObject({ waiting: 0 })
    expect(await bundle.read(queued.id)).toMatchObject({ status: 'queued', delivery: 1 })
    expect(await bundle.read(running.id)).toMatchObject({ status: 'in_progress', delivery: 1, crashes: 0 })
  })

  it('gives the job of a vanished owner its next delivery, and the old one is worth nothing any more', async () => {
    const spec = await accept()
    await bundle.begin(spec.id)
    await bundle.lapse(spec.id)
    await sweepFor()
    expect(await bundle.read(spec.id)).toMatchObject({ status: 'queued', delivery: 2, crashes: 1, owner: null })
    expect(await isWaiting(bundle.lanes[0], { jobId: spec.id, delivery: 2 })).toBe(true)
    const old = claimJob(bundle.broker.jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w2', suspect: false })
    expect(await old).toMatchObject({ kind: 'drop' })
    await bundle.claim(spec.id, { delivery: 2, owner: 'w2' })
  })

  it('isolates a job after two owners vanished, and quarantines it after the third, with the jobs beside it unharmed', async () => {
    const [spec, beside] = [await accept(), await accept()]
    await sweepFor(spec, beside)
    for (const delivery of [1, 2]) {
      await bundle.claim(spec.id, { delivery, owner: `w${delivery}` })
      await bundle.lapse(spec.id)
      await sweepFor()
    }
    expect(await isWaiting(SUSPECT_LANE, { jobId: spec.id, delivery: 3 })).toBe(true)
    await bundle.claim(spec.id, { delivery: 3, owner: 's1', suspect: true })
    await bundle.lapse(spec.id)
    await sweepFor()
    const record = await bundle.read(spec.id)
    expect(record).toMatchObject({ status: 'failed', crashes: 3, failure: { error: { code: 'job_quarantined' } } })
    expect(await readResult(bundle.broker.jobs, record)).toMatchObject({ status: record.failure!.status })
    expect(await bundle.read(beside.id)).toMatchObject({ status: 'queued', crashes: 0 })
    expect(await isWaiting(bundle.lanes[0], { jobId: beside.id, delivery: 1 })).toBe(true)
  })

  it('ends a queued job whose deadline has passed', async () => {
    const [late, early] = [
      await accept({ deadlineMs: Date.now() - 1 }),
      await accept({ deadlineMs: Date.now() + 60_000 }),
    ]
    await sweepFor(late, early)
    expect(await bundle.read(late.id)).toMatchObject({
      status: 'expired',
      failure: { status: 504, error: { code: 'deadline_exceeded' } },
    })
    expect(await isWaiting(bundle.lanes[0], { jobId: late.id, delivery: 1 })).toBe(false)
    expect(await bundle.read(early.id)).toMatchObject({ status: 'queued' })
  })

  it('ends a job of a vanished owner whose deadline has passed', async () => {
    const spec = await accept({ deadlineMs: Date.now() + 60_000 })
    await bundle.claim(spec.id)
    await bundle.redis.hset(jobKeys(spec.id).record, 'deadline', Date.now() - 1)
    await bundle.lapse(spec.id)
    await sweepFor()
    expect(await bundle.read(spec.id)).toMatchObject({ status: 'expired', crashes: 1 })
    expect(await isWaiting(bundle.lanes[0], { jobId: spec.id, delivery: 2 })).toBe(false)
  })

  it('cancels what nobody follows any more, if it is to be cancelled then', async () => {
    const reader = { id: 'i1', interest: 'all' } as const
    const [forsaken, followed, detached] = [
      bundle.spec({ onDisconnect: 'cancel' }),
      bundle.spec({ onDisconnect: 'cancel' }),
      bundle.spec({ onDisconnect: 'continue' }),
    ]
    for (const spec of [forsaken, followed, detached]) {
      await createJob(bundle.broker.jobs, { spec, body: Buffer.from('{}'), reader })
    }
    // Their ingress vanished: it did not refresh its registration.
    for (const { id } of [forsaken, detached]) await bundle.redis.hset(jobKeys(id).record, 'readers', 'i1=1')
    await sweepFor(forsaken, followed, detached)
    expect(await bundle.read(forsaken.id)).toMatchObject({
      status: 'cancelled',
      failure: { error: { code: 'job_cancelled' } },
    })
    for (const { id } of [followed, detached]) expect(await bundle.read(id)).toMatchObject({ status: 'queued' })
  })

  it('moves an ended job out of Redis, where it can be read all the same', async () => {
    const spec = await accept()
    await complete(spec)
    const before = await bundle.read(spec.id)
    const [events, result] = [
      await readEvents(bundle.broker.jobs, before, -1),
      await readResult(bundle.broker.jobs, before),
    ]
    await sweepFor(spec)
    const after = await bundle.read(spec.id)
    expect(bundle.blobs.names()).toEqual([after.archive])
    const { record, events: log } = jobKeys(spec.id)
    expect(await bundle.redis.exists(log)).toBe(0)
    expect(await bundle.redis.hmget(record, 'request', 'result', 'readers', 'v0')).toEqual([null, null, null, null])
    expect(await readEvents(bundle.broker.jobs, after, -1)).toEqual(events)
    expect(await readResult(bundle.broker.jobs, after)).toEqual(result)
  })

  it('leaves an ended job where it is while somebody reads it', async () => {
    const spec = await accept()
    await complete(spec)
    await bundle.redis.hset(jobKeys(spec.id).record, 'readers', `i1=${Date.now() + 30_000}`)
    await sweepFor(spec)
    expect(await bundle.read(spec.id)).toMatchObject({ archive: null })
    expect(await bundle.redis.hexists(jobKeys(spec.id).record, 'request')).toBe(1)
  })

  it('under pressure moves ended jobs out before their minute is over, and no others', async () => {
    const [ended, running, queued] = [await accept(), await accept(), await accept()]
    await complete(ended)
    await bundle.claim(running.id)
    await sweep(bundle.broker, archiver)
    await archiver.idle()
    expect(bundle.blobs.names()).toEqual([])
    await sweep(bundle.broker, archiver, { early: true })
    await archiver.idle()
    expect(bundle.blobs.names()).toEqual([(await bundle.read(ended.id)).archive])
    for (const { id } of [running, queued]) expect(await bundle.redis.hexists(jobKeys(id).record, 'request')).toBe(1)
  })

  it('deletes the blobs of a job whose result has expired', async () => {
    const large = Buffer.alloc(INLINE_BODY_BYTES + 1, 'x')
    const [expired, kept] = [await accept({}, large), await accept({}, large)]
    for (const spec of [expired, kept]) {
      await complete(spec, JSON.stringify('y'.repeat(INLINE_BODY_BYTES)))
      await sweepFor(spec)
    }
    expect(bundle.blobs.names()).toHaveLength(6)
    await bundle.redis.hset(jobKeys(expired.id).record, 'expires', 1)
    await sweepFor(expired, kept)
    expect(bundle.blobs.names()).toHaveLength(3)
    for (const name of bundle.blobs.names()) expect(name).toContain(`${kept.project}/${kept.id}/`)
    expect(await bundle.redis.zscore(jobKeys(expired.id).due, expired.id)).toBeNull()
  })

  it('says when there is more to look at than it looks at in one go', async () => {
    const partition = partitionOf(newJobId())
    const specs: JobSpec[] = []
    while (specs.length < 101) {
      const id = newJobId()
      if (partitionOf(id) === partition) specs.push(await accept({ id }))
    }
    await Promise.all(specs.map(({ id }) => bundle.makeDue(id)))
    expect(await sweep(bundle.broker, archiver)).toBe(true)
    expect(await sweep(bundle.broker, archiver)).toBe(false)
    expect((await bundle.broker.producer.depth(bundle.lanes[0])).waiting).toBe(101)
  })

  it('rescues the others when one lane is in disorder', async () => {
    const [stuck, other] = [await accept(), await accept()]
    const hop = { lane: bundle.lanes[1], deployments: [{ id: bundle.deployment, drop: [] }] }
    const elsewhere = await accept({ route: { policy: 'ordered', hops: [hop], reasons: [] } })
    await bundle.redis.set(laneKeys(bundle.lanes[0]).prioritized, 'in the way')
    await sweepFor(stuck, other, elsewhere)
    expect(bundle.errors.splice(0)).toEqual([
      expect.stringContaining('rescue a job'),
      expect.stringContaining('count a lane'),
    ])
    expect(await isWaiting(bundle.lanes[1], { jobId: elsewhere.id, delivery: 1 })).toBe(true)
    await bundle.redis.del(laneKeys(bundle.lanes[0]).prioritized)
    await sweepFor(stuck, other)
    expect((await bundle.broker.producer.depth(bundle.lanes[0])).waiting).toBe(2)
  })
})
