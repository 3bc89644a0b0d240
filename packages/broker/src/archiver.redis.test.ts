import type { BlobStore } from '@switchyard/contract/blob-store'
import { createJob } from '@switchyard/jobs/create-job'
import { jobKeys } from '@switchyard/jobs/keys'
import { settleJob } from '@switchyard/jobs/settle-job'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createArchiver } from './archiver.ts'
import { type BrokerBundle, openBroker } from './testing/broker-bundle.ts'

describe('an archiver', () => {
  const [, url] = OWN_SERVERS[0]!
  let bundle: BrokerBundle
  beforeEach(async () => {
    bundle = await openBroker(url)
  })
  afterEach(() => bundle.close())

  async function ended(): Promise<string> {
    const spec = bundle.spec()
    await createJob(bundle.broker.jobs, { spec, body: Buffer.from('{}'), reader: null })
    await settleJob(bundle.broker.jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
    return spec.id
  }

  function archiverOn(put: BlobStore['put'], hurried = true) {
    const { broker } = bundle
    return createArchiver({ ...broker, jobs: { ...broker.jobs, blobs: { ...broker.jobs.blobs, put } } }, () => hurried)
  }

  /** As if it had ended so much earlier. */
  async function earlier(jobId: string, byMs: number): Promise<void> {
    await bundle.redis.zincrby(jobKeys(jobId).ended, -byMs, jobId)
  }
  const archiveOf = async (jobId: string) => (await bundle.read(jobId)).archive

  it('finds who ended a minute ago, and under pressure who has just ended', async () => {
    const [old, fresh, running] = [await ended(), await ended(), bundle.spec()]
    await createJob(bundle.broker.jobs, { spec: running, body: Buffer.from('{}'), reader: null })
    await earlier(old, 60_000)
    const archiver = archiverOn(bundle.blobs.put)
    await archiver.fill(false)
    await archiver.idle()
    expect([await archiveOf(old), await archiveOf(fresh)]).toEqual([expect.stringContaining(old), null])
    await archiver.fill(true)
    await archiver.idle()
    expect([await archiveOf(fresh), await archiveOf(running.id)]).toEqual([expect.stringContaining(fresh), null])
  })

  it('puts off who is read, and finds him again', async () => {
    const jobId = await ended()
    const { record, ended: endedSet } = jobKeys(jobId)
    await earlier(jobId, 60_000)
    await bundle.redis.hset(record, 'readers', `i1=${Date.now() + 30_000}`)
    await archiverOn(bundle.blobs.put).fill(false)
    // 15 s from now it will have ended a minute ago.
    await eventually(async () =>
      expect(Number(await bundle.redis.zscore(endedSet, jobId))).toBeGreaterThan(Date.now() - 46_000),
    )
    expect(await archiveOf(jobId)).toBeNull()
    await bundle.redis.hset(record, 'readers', '')
    await earlier(jobId, 15_000)
    const archiver = archiverOn(bundle.blobs.put)
    await archiver.fill(false)
    await archiver.idle()
    expect(await archiveOf(jobId)).toContain(jobId)
  })

  it('archives a few at a time, each once however often it is told', async () => {
    const jobIds = await Promise.all(Array.from({ length: 30 }, ended))
    const written: string[] = []
    let [now, most] = [0, 0]
    const archiver = archiverOn(async (name) => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now--
      written.push(name)
    })
    archiver.take(jobIds)
    archiver.take(jobIds.slice(10))
    await archiver.idle()
    archiver.take(jobIds)
    await archiver.idle()
    expect(written).toHaveLength(30)
    expect(new Set(written).size).toBe(30)
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(8)
  })

  it('is idle when it has nothing to do, and takes what comes while it works', async () => {
    const archiver = archiverOn(bundle.blobs.put, false)
    await archiver.idle()
    const [first, second] = [await ended(), await ended()]
    archiver.take([first])
    archiver.take([second])
    await archiver.idle()
    expect(bundle.blobs.names()).toHaveLength(2)
  })

  it('is quicker the more wait, so that a lasting load does not leave it behind', async () => {
    const archiver = archiverOn(async () => {}, false)
    // Of jobs that are gone there is nothing to write.
    const many = Array.from({ length: 95_000 }, () => bundle.spec().id)
    const last = await ended()
    archiver.take([...many.slice(0, 200), last])
    const since = performance.now()
    archiver.take(many)
    await eventually(async () => expect(await bundle.read(last)).toMatchObject({ archive: expect.any(String) }), 15_000)
    // At the pace of a few: 8 s.
    expect(performance.now() - since).toBeLessThan(5_000)
    await archiver.stop()
  })

  it('reports what it could not write and goes on with the next', async () => {
    const [lost, next] = [await ended(), await ended()]
    const archiver = archiverOn(async (name, data) => {
      if (name.includes(lost)) throw new Error('the disk is full')
      await bundle.blobs.put(name, data)
    })
    archiver.take([lost, next])
    await archiver.idle()
    expect(bundle.errors.splice(0)).toEqual(['archive a job: the disk is full'])
    expect(await bundle.read(lost)).toMatchObject({ archive: null })
    expect(await bundle.read(next)).toMatchObject({ archive: expect.stringContaining(next) })
  })
  it('drops what waits when it is to stop, and ends what it has begun', async () => {
    const jobIds = await Promise.all(Array.from({ length: 200 }, ended))
    const archiver = archiverOn(bundle.blobs.put, false)
    archiver.take(jobIds)
    const since = performance.now()
    await Promise.all([archiver.stop(), archiver.stop()])
    // At its pace all of them would take 8 s.
    expect(performance.now() - since).toBeLessThan(1_000)
    const written = bundle.blobs.names().length
    expect(written).toBeLessThan(20)
    archiver.take(jobIds)
    await archiver.idle()
    expect(bundle.blobs.names()).toHaveLength(written)
    for (const name of bundle.blobs.names()) {
      const record = await bundle.read(name.split('/')[1]!)
      expect(record.archive).toBe(name)
    }
  })
})
