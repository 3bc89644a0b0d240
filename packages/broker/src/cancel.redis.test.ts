import { newJobId } from '@switchyard/contract/ids'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import { createJob } from '@switchyard/jobs/create-job'
import { endAttempt } from '@switchyard/jobs/end-attempt'
import { readEvents } from '@switchyard/jobs/read-events'
import { readResult } from '@switchyard/jobs/read-result'
import { newBeginning, newEnding } from '@switchyard/jobs/testing/new-attempt'
import { startInbox } from '@switchyard/jobs/worker-inbox'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cancel } from './cancel.ts'
import { settle } from './settle.ts'
import { submit } from './submit.ts'
import { type BrokerBundle, openBroker } from './testing/broker-bundle.ts'

const BODY = Buffer.from('{}')

describe.each(OWN_SERVERS)('cancel on %s', (_name, url) => {
  let bundle: BrokerBundle
  beforeEach(async () => {
    bundle = await openBroker(url)
  })
  afterEach(() => bundle.close())

  async function terminalEntries(jobId: string) {
    const entries = await readEvents(bundle.broker.jobs, await bundle.read(jobId), -1)
    return entries.filter(({ terminal }) => terminal !== null)
  }

  it('knows nothing of a job that is not there', async () => {
    expect(await cancel(bundle.broker, newJobId())).toBeNull()
  })

  it('ends a queued job and takes it out of its lane', async () => {
    const { broker, lanes } = bundle
    const spec = bundle.spec()
    await submit(broker, { spec, body: BODY, reader: null })
    const depth = () => broker.producer.depth(lanes[0])
    await eventually(async () => expect((await depth()).waiting).toBe(1))

    const record = await cancel(broker, spec.id)
    expect(record).toMatchObject({ status: 'cancelled', failure: { status: 499, error: { code: 'job_cancelled' } } })
    await eventually(async () => expect((await depth()).waiting).toBe(0))
    const { status, body } = await readResult(broker.jobs, record!)
    expect([status, JSON.parse(String(body)).error.code]).toEqual([499, 'job_cancelled'])
    expect(await terminalEntries(spec.id)).toMatchObject([{ event: 'job.cancelled', terminal: 'cancelled' }])
    await bundle.paid(spec.id)
    expect(await bundle.ledgerOf(spec)).toEqual([])
  })

  it('ends a running job, refuses whatever its owner does next but the bill, and tells the owner', async () => {
    const { broker } = bundle
    const spec = bundle.spec()
    await createJob(broker.jobs, { spec, body: BODY, reader: null })
    const inbox = await connectRedis(url, { role: 'subscriber', name: 'broker-test-inbox' })
    const told: string[] = []
    const owner = `w-${spec.id}`
    await startInbox(inbox, owner, { onCancel: (jobId) => told.push(jobId), onReader: () => {} })
    const claim = await bundle.claim(spec.id, { owner })
    const beginning = { ...newBeginning(1, claim.fence), deployment: bundle.deployment }
    await beginAttempt(broker.jobs, spec.id, beginning)

    const record = await cancel(broker, spec.id)
    expect(record).toMatchObject({ status: 'cancelled', attempts: [{ status: 'in_progress' }] })
    expect(record!.fence).toBeGreaterThan(claim.fence)
    await eventually(() => expect(told).toEqual([spec.id]))
    const late = { status: 'completed', failure: null, body: '{}' } as const
    expect(await settle(broker, spec, { fence: claim.fence }, late, [])).toBeNull()
    expect(await beginAttempt(broker.jobs, spec.id, { ...beginning, number: 2 })).toMatchObject({ owned: false })

    const ended = await endAttempt(broker.jobs, spec.id, claim.fence, beginning, newEnding('cancelled', 7))
    expect(ended.rowId).not.toBeNull()
    expect(await bundle.read(spec.id)).toMatchObject({
      status: 'cancelled',
      attempts: [{ status: 'cancelled', costNanoUsd: 7 }],
    })
    expect(await terminalEntries(spec.id)).toHaveLength(1)
    await disconnectRedis(inbox)
  })

  it('changes nothing about a job that has ended', async () => {
    const { broker } = bundle
    const spec = bundle.spec()
    await createJob(broker.jobs, { spec, body: BODY, reader: null })
    const { claim } = await bundle.begin(spec.id)
    await settle(
      broker,
      spec,
      { fence: claim.fence },
      { status: 'completed', failure: null, body: '{}', attempt: { number: 1, ending: newEnding('completed') } },
      (await bundle.read(spec.id)).attempts,
    )
    const before = await bundle.read(spec.id)
    expect(await cancel(broker, spec.id)).toEqual(before)
    expect(before).toMatchObject({ status: 'completed', failure: null })
    expect(await terminalEntries(spec.id)).toHaveLength(1)
  })

  it('is the same however often and by however many it is asked', async () => {
    const { broker } = bundle
    const spec = bundle.spec()
    await submit(broker, { spec, body: BODY, reader: null })
    const records = await Promise.all(Array.from({ length: 8 }, () => cancel(broker, spec.id)))
    for (const record of [...records, await cancel(broker, spec.id)]) expect(record?.status).toBe('cancelled')
    expect(await terminalEntries(spec.id)).toHaveLength(1)
  })

  it('or the answer comes first, never both', async () => {
    const { broker } = bundle
    const endings = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const spec = bundle.spec()
        await createJob(broker.jobs, { spec, body: BODY, reader: null })
        const { fence } = await bundle.claim(spec.id)
        const answer = () =>
          settle(broker, spec, { fence }, { status: 'completed', failure: null, body: '{}' }, []).then(
            (won) => won !== null,
          )
        const [settled, record] =
          i % 2
            ? await Promise.all([answer(), cancel(broker, spec.id)])
            : (await Promise.all([cancel(broker, spec.id), answer()])).toReversed()
        const { status } = await bundle.read(spec.id)
        expect((await terminalEntries(spec.id)).map(({ terminal }) => terminal)).toEqual([status])
        expect(record).toMatchObject({ status })
        expect(settled).toBe(status === 'completed')
        return status
      }),
    )
    for (const status of endings) expect(['completed', 'cancelled']).toContain(status)
  })
})
