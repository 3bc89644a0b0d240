import { listJobs } from '@switchyard/accounts/job-index'
import { claimJob } from '@switchyard/jobs/claim-job'
import { INLINE_BODY_BYTES } from '@switchyard/jobs/durations'
import { readJob } from '@switchyard/jobs/read-job'
import { readRequest } from '@switchyard/jobs/read-request'
import { scripts } from '@switchyard/jobs/scripts'
import { laneKeys } from '@switchyard/lanes/keys'
import { isClusterClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { submit } from './submit.ts'
import { type BrokerBundle, openBroker } from './testing/broker-bundle.ts'
import { startLosingProxy } from './testing/losing-proxy.ts'

const BODY = Buffer.from('{"messages":[]}')

describe.each(OWN_SERVERS)('submit on %s', (_name, url) => {
  let bundle: BrokerBundle
  beforeEach(async () => {
    bundle = await openBroker(url)
  })
  afterEach(() => bundle.close())

  it('stores the job, puts its first delivery into its lane and leaves nothing owed', async () => {
    const { broker, lanes } = bundle
    const spec = bundle.spec()
    await submit(broker, { spec, body: BODY, reader: null })
    expect(await bundle.read(spec.id)).toMatchObject({
      spec,
      status: 'queued',
      lane: lanes[0],
      delivery: 1,
      hop: 0,
      attempts: [],
    })
    await eventually(async () =>
      expect(await broker.producer.position(lanes[0], { jobId: spec.id, delivery: 1 })).toBe(0),
    )
    await bundle.paid(spec.id)
    expect(await listJobs(broker.jobs.redis, spec.project, { limit: 10 })).toEqual({ ids: [spec.id], hasMore: false })
    const claim = await bundle.claim(spec.id)
    expect(claim.request).toBe(BODY.toString())
  })

  it('accepts the same job once, whatever is repeated', async () => {
    const { broker, lanes } = bundle
    const job = { spec: bundle.spec(), body: BODY, reader: null }
    await submit(broker, job)
    await submit(broker, job)
    await submit(broker, { ...job, body: Buffer.from('another') })
    await eventually(async () => expect((await broker.producer.depth(lanes[0])).waiting).toBe(1))
    await bundle.paid(job.spec.id)
    expect((await listJobs(broker.jobs.redis, job.spec.project, { limit: 10 })).ids).toEqual([job.spec.id])
    expect((await bundle.claim(job.spec.id)).request).toBe(BODY.toString())
    expect((await broker.producer.depth(lanes[0])).waiting).toBe(1)
  })

  it('keeps a large request in the blob store, and a small one in Redis', async () => {
    const { broker, blobs } = bundle
    const [small, large] = [bundle.spec(), bundle.spec()]
    const body = Buffer.from('é'.repeat(INLINE_BODY_BYTES / 2 + 1))
    await submit(broker, { spec: small, body: body.subarray(0, INLINE_BODY_BYTES), reader: null })
    await submit(broker, { spec: large, body, reader: null })
    expect(blobs.names()).toEqual([`${large.project}/${large.id}/request`])
    const claim = await bundle.claim(large.id)
    expect(claim.request).toBeNull()
    expect(await readRequest(broker.jobs, claim.record, claim.request)).toEqual(body)
  })

  it('accepts the job although its lane did not take the delivery', async () => {
    const { broker, redis, lanes, errors } = bundle
    await redis.set(laneKeys(lanes[0]).prioritized, 'in the way')
    const spec = bundle.spec()
    await submit(broker, { spec, body: BODY, reader: null })
    await eventually(() => expect(errors.splice(0)).toEqual([expect.stringContaining('add to a lane')]))
    expect(await bundle.read(spec.id)).toMatchObject({ status: 'queued' })
    await bundle.paid(spec.id)
    // Out of the way of whoever sweeps later.
    await redis.del(laneKeys(lanes[0]).prioritized)
  })

  it('registers the reader that waits for it', async () => {
    const { broker } = bundle
    const spec = bundle.spec()
    await submit(broker, { spec, body: BODY, reader: { id: 'i1', interest: 'end' } })
    const verdict = await claimJob(broker.jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w1', suspect: false })
    expect(verdict).toMatchObject({ claim: { readers: [{ id: 'i1', interest: 'end' }], record: { read: true } } })
    await bundle.paid(spec.id)
  })
})

describe.each(OWN_SERVERS)('submit while %s hangs', (_name, url) => {
  it('says 503 within a second and cancels the job as soon as Redis answers', async () => {
    const [caller, witness] = [await openBroker(url, 'producer'), await openBroker(url)]
    const spec = caller.spec()
    const nodesOf = ({ redis }: BrokerBundle) => (isClusterClient(redis) ? redis.nodes('master') : [redis])
    // A server that went on would else say that it does not know the script, to somebody who does not listen any more; and a
    // connection that is only now made would not have sent anything.
    await Promise.all(nodesOf(caller).map((node) => node.script('LOAD', scripts.create.lua)))
    await Promise.all(nodesOf(witness).map((node) => node.client('PAUSE', 1_300, 'ALL')))
    const since = performance.now()
    await expect(submit(caller.broker, { spec, body: BODY, reader: null })).rejects.toMatchObject({
      code: 'service_unavailable',
      retryAfterMs: 1_000,
    })
    expect(performance.now() - since).toBeLessThan(1_500)
    // What was sent is carried out when the server goes on.
    await eventually(async () =>
      expect(await readJob(witness.broker.jobs, spec.id)).toMatchObject({ status: 'queued' }),
    )
    await eventually(async () => expect(await witness.read(spec.id)).toMatchObject({ status: 'cancelled' }))
    await eventually(async () => expect((await witness.broker.producer.depth(caller.lanes[0])).waiting).toBe(0))
    caller.errors.length = 0
    await Promise.all([caller.close(), witness.close()])
  })
})

describe('submit', () => {
  const [, url] = OWN_SERVERS[0]!

  it('cancels a job whose acknowledgement was lost', async () => {
    const proxy = await startLosingProxy(url)
    const [caller, witness] = [await openBroker(proxy.url, 'producer'), await openBroker(url)]
    const spec = caller.spec()
    proxy.loseReplyTo(`"id":"${spec.id}"`)
    await expect(submit(caller.broker, { spec, body: BODY, reader: null })).rejects.toMatchObject({
      code: 'service_unavailable',
    })
    expect(proxy.lost()).toBe(1)
    expect(await witness.read(spec.id)).toMatchObject({ status: 'queued' })
    await eventually(async () => expect(await witness.read(spec.id)).toMatchObject({ status: 'cancelled' }))
    // The delivery left beside the record, on the connection that was cut.
    caller.errors.length = 0
    await Promise.all([caller.close(), witness.close()])
    await proxy.close()
  })

  it('leaves nothing behind for a job that never arrived', async () => {
    const proxy = await startLosingProxy(url)
    const [caller, witness] = [await openBroker(proxy.url, 'producer'), await openBroker(url)]
    await proxy.close()
    const spec = caller.spec()
    await expect(submit(caller.broker, { spec, body: BODY, reader: null })).rejects.toMatchObject({
      code: 'service_unavailable',
    })
    expect(await readJob(witness.broker.jobs, spec.id)).toBeNull()
    expect((await witness.broker.producer.depth(caller.lanes[0])).waiting).toBe(0)
    caller.errors.length = 0
    await Promise.all([caller.close(), witness.close()])
  })
})
