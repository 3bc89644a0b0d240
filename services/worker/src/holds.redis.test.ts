import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { claimJob } from '@switchyard/jobs/claim-job'
import { createJob } from '@switchyard/jobs/create-job'
import type { Jobs } from '@switchyard/jobs/jobs'
import { jobKeys } from '@switchyard/jobs/keys'
import { settleJob } from '@switchyard/jobs/settle-job'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Hold } from './hold.ts'
import { Holds } from './holds.ts'

describe.each(OWN_SERVERS)('Holds on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs
  let holds: Holds
  let orphans: string[]
  let renewed: Hold[]
  let errors: unknown[]
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'holds-test' })
    jobs = { redis, blobs: memoryBlobStore() }
    orphans = []
    renewed = []
    errors = []
    holds = new Holds({
      jobs,
      owner: 'w1',
      onOrphan: (jobId) => orphans.push(jobId),
      onRenewed: (held) => renewed.push(...held),
      onError: (error) => errors.push(error),
    })
  })
  afterEach(async () => {
    holds.stop()
    await disconnectRedis(redis)
    expect(errors).toEqual([])
  })

  async function held(over: Parameters<typeof newSpec>[0] = {}): Promise<Hold> {
    const spec = newSpec(over)
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: { id: 'i1', interest: 'all' } })
    const verdict = await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w1', suspect: false })
    if (verdict.kind !== 'claimed') throw new Error(verdict.kind)
    const hold = new Hold(verdict.claim)
    holds.add(hold)
    return hold
  }

  it('learns from one renewal what became of everything it holds', async () => {
    const [alive, cancelled, taken, forsaken, paused] = [
      await held(),
      await held(),
      await held(),
      await held({ onDisconnect: 'cancel' }),
      await held(),
    ]
    // The inbox missed the cancel; another worker took one over; one has a new reader, one has none any more.
    await settleJob(jobs, cancelled.spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    await redis.hset(jobKeys(taken.jobId).record, 'fence', 9, 'owner', 'w2')
    const until = Date.now() + 30_000
    await redis.hset(jobKeys(alive.jobId).record, 'readers', `i1=${until} i2=${until}e`)
    await redis.hset(jobKeys(forsaken.jobId).record, 'readers', 'i1=1')
    // This process was stopped for longer than its lease.
    paused.renewedAtMs = performance.now() - 13_000
    await redis.hset(jobKeys(alive.jobId).record, 'lease', Date.now() + 100)

    await holds.drain()
    expect([alive.reason, cancelled.reason, taken.reason, forsaken.reason]).toEqual([null, 'ended', 'ended', null])
    expect(paused.signal.aborted).toBe(true)
    expect(orphans).toEqual([forsaken.jobId])
    expect([...alive.readers.values()]).toEqual([
      { id: 'i1', interest: 'all' },
      { id: 'i2', interest: 'end' },
    ])
    expect(Number(await redis.hget(jobKeys(alive.jobId).record, 'lease'))).toBeGreaterThan(Date.now() + 5_000)
    expect(renewed).toContain(alive)
  })

  it('renews by itself every few seconds', async () => {
    const hold = await held()
    await redis.hset(jobKeys(hold.jobId).record, 'lease', Date.now() + 6_000)
    const lease = async () => Number(await redis.hget(jobKeys(hold.jobId).record, 'lease'))
    await eventually(async () => expect((await lease()) > Date.now() + 8_000).toBe(true), 5_500)
  })

  it('tells the one whom a message is about', async () => {
    const [one, other] = [await held(), await held()]
    holds.onReader(one.jobId, { id: 'i3', interest: 'end' })
    holds.onCancel(other.jobId)
    holds.onCancel('job_that_went')
    expect([one.readers.has('i3'), other.readers.has('i3')]).toEqual([true, false])
    expect([one.reason, other.reason]).toEqual([null, 'ended'])
  })

  it('is idle once the last has gone, and hands back what comes after the time to drain', async () => {
    await holds.idle()
    const [one, other] = [await held(), await held()]
    let idle = 0
    const waiting = holds.idle().then(() => idle++)
    holds.cut()
    const late = await held()
    expect([one.reason, other.reason, late.reason]).toEqual(['drain', 'drain', 'drain'])
    for (const hold of [one, other]) holds.remove(hold)
    expect([holds.size, idle]).toEqual([1, 0])
    holds.remove(late)
    await waiting
    expect([holds.size, idle]).toEqual([0, 1])
  })
})
