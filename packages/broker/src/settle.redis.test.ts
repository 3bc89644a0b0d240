import { failure } from '@switchyard/contract/broker-error'
import { attemptId } from '@switchyard/contract/ids'
import type { Attempt } from '@switchyard/contract/job'
import { createJob } from '@switchyard/jobs/create-job'
import type { JobEnd } from '@switchyard/jobs/follower'
import { type LiveReader, startLiveReader } from '@switchyard/jobs/live-reader'
import { readResult } from '@switchyard/jobs/read-result'
import { newEnding } from '@switchyard/jobs/testing/new-attempt'
import { snapshot } from '@switchyard/limits/observe'
import { reserve } from '@switchyard/limits/reserve'
import { connectRedis, isClusterClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settle } from './settle.ts'
import { type BrokerBundle, openBroker } from './testing/broker-bundle.ts'

describe.each(OWN_SERVERS)('settle on %s', (_name, url) => {
  let bundle: BrokerBundle
  let live: LiveReader
  beforeEach(async () => {
    bundle = await openBroker(url)
    live = await startLiveReader({
      jobs: bundle.broker.jobs,
      subscriber: await connectRedis(url, { role: 'subscriber', name: 'broker-test-reader' }),
      id: `i-${bundle.deployment}`,
    })
  })
  afterEach(async () => {
    await live.stop()
    await bundle.close()
  })

  /** A claimed job with one attempt, and a reader that waits for its end as an ingress would. */
  async function running(over: Parameters<BrokerBundle['spec']>[0] = {}) {
    const { broker } = bundle
    const spec = bundle.spec(over)
    const end = Promise.withResolvers<JobEnd>()
    live.follow(spec.id, { after: -1, created: true }, { onEnd: end.resolve, onGone: end.reject })
    await createJob(broker.jobs, { spec, body: Buffer.from('{}'), reader: { id: live.id, interest: 'end' } })
    const { claim, beginning } = await bundle.begin(spec.id)
    return { spec, fence: claim.fence, beginning, end: end.promise }
  }

  it('shows the end to whoever waits, with the answer on it', async () => {
    const { spec, fence, beginning, end } = await running()
    const ending = newEnding('completed', 500)
    const attempts: Attempt[] = [{ ...beginning, ...ending }]
    const body = '{"answer":"ünï"}'
    const settled = await settle(
      bundle.broker,
      spec,
      { fence },
      { status: 'completed', failure: null, body, attempt: { number: 1, ending } },
      attempts,
    )
    expect(settled).toMatchObject({
      entry: { event: 'job.completed', terminal: 'completed' },
      // By the script that ended it, where one server has it all.
      shown: !isClusterClient(bundle.broker.jobs.redis),
    })
    expect(await end).toEqual({
      status: 'completed',
      attempts: 1,
      deployment: bundle.deployment,
      simulated: true,
      dropped: [],
      costNanoUsd: 500,
      failure: null,
      result: { status: 200, body },
    })
    expect(await readResult(bundle.broker.jobs, await bundle.read(spec.id))).toEqual({ status: 200, body })
  })

  it('leaves a large answer to be read', async () => {
    const { spec, fence, end } = await running()
    const body = JSON.stringify('x'.repeat(64 * 1024))
    await settle(bundle.broker, spec, { fence }, { status: 'completed', failure: null, body }, [])
    expect(await end).toMatchObject({ status: 'completed', result: null })
    const result = await readResult(bundle.broker.jobs, await bundle.read(spec.id))
    expect([result.status, String(result.body)]).toEqual([200, body])
  })

  it('shows a failure, and what all attempts cost together', async () => {
    const { spec, fence, beginning, end } = await running()
    const [first, second] = [newEnding('failed', 20), newEnding('failed', 300)]
    const why = failure('provider_error', 'no luck')
    await settle(bundle.broker, spec, { fence }, { status: 'failed', failure: why, body: null }, [
      { ...beginning, ...first },
      { ...beginning, number: 2, ...second },
    ])
    expect(await end).toMatchObject({ status: 'failed', attempts: 2, costNanoUsd: 320, failure: why })
  })

  it('calls a job unpriced when one of its attempts is, never cheaper', async () => {
    const { spec, fence, beginning, end } = await running()
    await settle(bundle.broker, spec, { fence }, { status: 'completed', failure: null, body: '{}' }, [
      { ...beginning, ...newEnding('failed'), costNanoUsd: null },
      { ...beginning, number: 2, ...newEnding('completed', 500) },
    ])
    expect(await end).toMatchObject({ costNanoUsd: null })
  })

  it('pays at once what the attempt owes: its line in the ledger and its place at the deployment', async () => {
    const { redis, deployment, limits, broker } = bundle
    const { spec, fence, beginning, end } = await running()
    const lease = attemptId(spec.id, 1)
    await reserve(redis, deployment, limits, { lease, inputTokens: 100, outputTokens: 100 })
    expect(await snapshot(redis, deployment, limits)).toMatchObject({ inFlight: 1, available: { tpm: 800 } })
    const ending = newEnding('completed', 500)
    await settle(
      broker,
      spec,
      { fence },
      { status: 'completed', failure: null, body: '{}', attempt: { number: 1, ending } },
      [{ ...beginning, ...ending }],
    )
    await end
    // The acceptance is not paid: nothing here did it.
    const owed = async () => (await bundle.outboxOf(spec.id)).map(({ attempt }) => attempt)
    await eventually(async () => expect(await owed()).toEqual([0]))
    expect(await bundle.ledgerOf(spec)).toMatchObject([
      { effectId: `${lease}.ledger`, jobId: spec.id, apiKey: spec.apiKey, attempt: { number: 1, costNanoUsd: 500 } },
    ])
    // The attempt used 15 tokens.
    expect(await snapshot(redis, deployment, limits)).toMatchObject({ inFlight: 0, available: { tpm: 985, rpm: 99 } })
  })

  it('is nothing for whoever comes second or holds an old fence', async () => {
    const { spec, fence, end } = await running()
    const completed = { status: 'completed', failure: null, body: '{}' } as const
    expect(await settle(bundle.broker, spec, { fence: fence - 1 }, completed, [])).toBeNull()
    expect(await settle(bundle.broker, spec, { queuedDelivery: 1 }, completed, [])).toBeNull()
    expect((await bundle.read(spec.id)).status).toBe('in_progress')
    expect(await settle(bundle.broker, spec, { fence }, completed, [])).not.toBeNull()
    const failed = { status: 'failed', failure: failure('provider_error', 'late'), body: null } as const
    expect(await settle(bundle.broker, spec, { any: true }, failed, [])).toBeNull()
    expect(await end).toMatchObject({ status: 'completed', failure: null })
    expect(await bundle.read(spec.id)).toMatchObject({ status: 'completed', failure: null })
  })
})
