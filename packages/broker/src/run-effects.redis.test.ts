import { listJobs } from '@switchyard/accounts/job-index'
import { ledgerKey } from '@switchyard/accounts/keys'
import { ledgerDay, readTotals } from '@switchyard/accounts/ledger'
import { attemptId } from '@switchyard/contract/ids'
import type { JobSpec } from '@switchyard/contract/job'
import { createJob } from '@switchyard/jobs/create-job'
import { jobKeys } from '@switchyard/jobs/keys'
import { settleJob } from '@switchyard/jobs/settle-job'
import { newEnding } from '@switchyard/jobs/testing/new-attempt'
import { snapshot } from '@switchyard/limits/observe'
import { reserve } from '@switchyard/limits/reserve'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createArchiver } from './archiver.ts'
import { runOutbox } from './run-effects.ts'
import { sweep } from './sweep.ts'
import { type BrokerBundle, openBroker } from './testing/broker-bundle.ts'

describe.each(OWN_SERVERS)('runOutbox on %s', (_name, url) => {
  let bundle: BrokerBundle
  beforeEach(async () => {
    bundle = await openBroker(url)
  })
  afterEach(() => bundle.close())

  /** A job whose processes did everything but what they owed, each time dying just before it. */
  async function leaveBehind(): Promise<JobSpec> {
    const { broker, redis, deployment, limits } = bundle
    const spec = bundle.spec()
    await createJob(broker.jobs, { spec, body: Buffer.from('{}'), reader: null })
    await reserve(redis, deployment, limits, { lease: attemptId(spec.id, 1), inputTokens: 200, outputTokens: 200 })
    const { claim } = await bundle.begin(spec.id)
    await settleJob(
      broker.jobs,
      spec,
      { fence: claim.fence },
      { status: 'completed', failure: null, body: '{}', attempt: { number: 1, ending: newEnding('completed', 500) } },
    )
    return spec
  }

  async function totalsOf({ project }: JobSpec) {
    return readTotals(bundle.redis, project, ledgerDay(Date.now()))
  }

  it('does what others left behind, once in its result however often it is done', async () => {
    const { broker, redis, deployment, limits } = bundle
    const spec = await leaveBehind()
    const rows = await bundle.outboxOf(spec.id)
    expect(rows.map(({ attempt }) => attempt)).toEqual([0, 1])
    expect((await listJobs(redis, spec.project, { limit: 10 })).ids).toEqual([])
    expect(await snapshot(redis, deployment, limits)).toMatchObject({ inFlight: 1, available: { tpm: 600, rpm: 99 } })

    // Two leaders at once, and one that is behind.
    await Promise.all([runOutbox(broker, rows), runOutbox(broker, rows)])
    await runOutbox(broker, rows)

    expect(await bundle.outboxOf(spec.id)).toEqual([])
    expect((await listJobs(redis, spec.project, { limit: 10 })).ids).toEqual([spec.id])
    expect(await bundle.ledgerOf(spec)).toHaveLength(1)
    expect(await totalsOf(spec)).toMatchObject({ attempts: 1, inputTokens: 10, outputTokens: 5, costNanoUsd: 500 })
    expect(await snapshot(redis, deployment, limits)).toMatchObject({ inFlight: 0, available: { tpm: 985, rpm: 99 } })
  })

  it('books an attempt whose worker vanished at its estimate', async () => {
    const { broker, redis, deployment, limits } = bundle
    const spec = bundle.spec()
    await createJob(broker.jobs, { spec, body: Buffer.from('{}'), reader: null })
    await reserve(redis, deployment, limits, { lease: attemptId(spec.id, 1), inputTokens: 10, outputTokens: 20 })
    await bundle.begin(spec.id)
    await bundle.lapse(spec.id)
    await sweep(
      broker,
      createArchiver(broker, () => true),
    )

    await runOutbox(broker, await bundle.outboxOf(spec.id))
    expect(await bundle.outboxOf(spec.id)).toEqual([])
    expect(await bundle.ledgerOf(spec)).toMatchObject([
      { attempt: { number: 1, status: 'lost', usageSource: 'estimate', costNanoUsd: 1_000 } },
    ])
    expect(await totalsOf(spec)).toMatchObject({ attempts: 1, inputTokens: 10, outputTokens: 20, costNanoUsd: 1_000 })
    expect(await snapshot(redis, deployment, limits)).toMatchObject({ inFlight: 0, available: { tpm: 970 } })
  })

  it('strikes off the rows of a record that is gone', async () => {
    const { broker } = bundle
    const spec = await leaveBehind()
    await bundle.redis.del(jobKeys(spec.id).record)
    await runOutbox(broker, await bundle.outboxOf(spec.id))
    expect(await bundle.outboxOf(spec.id)).toEqual([])
    expect(await bundle.ledgerOf(spec)).toEqual([])
  })

  it('keeps the row of what it could not do, and does the others', async () => {
    const { broker, redis, errors } = bundle
    const stuck = await leaveBehind()
    const other = { ...(await leaveBehind()), project: stuck.project }
    const obstacle = ledgerKey(stuck.project, ledgerDay(Date.now()))
    await redis.set(obstacle, 'in the way')
    const rows = [...(await bundle.outboxOf(stuck.id)), ...(await bundle.outboxOf(other.id))]
    await runOutbox(broker, rows)
    // Both lines are one project's, and go in one command.
    expect(errors.splice(0)).toEqual([expect.stringMatching(/run effects: .*WRONGTYPE/)])
    // The acceptance of both is paid, neither attempt is.
    expect((await bundle.outboxOf(stuck.id)).map(({ attempt }) => attempt)).toEqual([1])
    expect((await bundle.outboxOf(other.id)).map(({ attempt }) => attempt)).toEqual([1])

    await redis.del(obstacle)
    await runOutbox(broker, rows)
    expect(await bundle.outboxOf(stuck.id)).toEqual([])
    expect((await bundle.ledgerOf(stuck)).map(({ jobId }) => jobId).sort()).toEqual([stuck.id, other.id].sort())
    expect(await totalsOf(stuck)).toMatchObject({ attempts: 2, costNanoUsd: 1_000 })
  })

  it('books an attempt at a deployment that the catalog does not know any more', async () => {
    const spec = await leaveBehind()
    const broker = { ...bundle.broker, limitsOf: () => undefined }
    await runOutbox(broker, await bundle.outboxOf(spec.id))
    expect(await bundle.outboxOf(spec.id)).toEqual([])
    expect(await bundle.ledgerOf(spec)).toHaveLength(1)
  })
})
