import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { listJobs } from '@switchyard/accounts/job-index'
import { type BrokerBundle, openBroker } from '@switchyard/broker/testing/broker-bundle'
import { attemptId } from '@switchyard/contract/ids'
import type { JobSpec } from '@switchyard/contract/job'
import { createJob } from '@switchyard/jobs/create-job'
import { settleJob } from '@switchyard/jobs/settle-job'
import { newEnding } from '@switchyard/jobs/testing/new-attempt'
import { snapshot } from '@switchyard/limits/observe'
import { reserve } from '@switchyard/limits/reserve'
import { isClusterClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BackgroundProcess, startBackgroundProcess } from './testing/background-process.ts'

const CATALOG = `
providers: { local: { kind: openai, baseUrl: "http://127.0.0.1/v1", apiKey: none } }
classes: { fast: {} }
deployments: { NAME: { provider: local, class: fast, model: m, limits: LIMITS } }
models: { all: { route: [NAME] } }
`

/** The servers beside each other; on each of them one after the other, because a role is led by one process. */
const ONE_BY_ONE = { concurrent: false }

describe.concurrent.each(OWN_SERVERS)('the background process on %s', (_name, url) => {
  let bundle: BrokerBundle
  let background: BackgroundProcess
  beforeEach(async () => {
    bundle = await openBroker(url)
    background = await start()
  })
  afterEach(async () => {
    await background.remove()
    await bundle.close()
  })

  function start(): Promise<BackgroundProcess> {
    const limits = JSON.stringify(bundle.limits)
    return startBackgroundProcess(url, CATALOG.replaceAll('NAME', bundle.deployment).replace('LIMITS', limits))
  }

  /** Stored, and nothing else: whoever accepted it died. */
  async function accept(): Promise<JobSpec> {
    const spec = bundle.spec()
    await createJob(bundle.broker.jobs, { spec, body: Buffer.from('{}'), reader: null })
    return spec
  }

  /** Its worker did everything but what it owed elsewhere. */
  async function endWithoutEffects(spec: JobSpec): Promise<void> {
    const { redis, deployment, limits, broker } = bundle
    await reserve(redis, deployment, limits, { lease: attemptId(spec.id, 1), inputTokens: 200, outputTokens: 200 })
    const { claim } = await bundle.begin(spec.id)
    await settleJob(
      broker.jobs,
      spec,
      { fence: claim.fence },
      { status: 'completed', failure: null, body: '{}', attempt: { number: 1, ending: newEnding('completed', 500) } },
    )
  }

  async function connections(): Promise<number> {
    const nodes = isClusterClient(bundle.redis) ? bundle.redis.nodes('master') : [bundle.redis]
    const lists = await Promise.all(nodes.map((node) => node.client('LIST')))
    return lists.flatMap((list) => String(list).match(/ name=b-/g) ?? []).length
  }

  it('does what others left undone: lanes within 10 s, debts after 5, archives', ONE_BY_ONE, async () => {
    const [queued, ended] = [await accept(), await accept()]
    const sinceMs = performance.now()
    await endWithoutEffects(ended)
    await bundle.makeDue(ended.id)
    const elapsed = () => performance.now() - sinceMs

    await eventually(async () => expect((await bundle.read(ended.id)).archive).not.toBeNull())
    expect(await readdir(join(background.dataDir, 'blobs', ended.project))).toEqual([ended.id])
    // Whoever owes something has 5 s to do it himself.
    expect(elapsed()).toBeLessThan(4_500)
    expect((await bundle.outboxOf(ended.id)).map(({ attempt }) => attempt)).toEqual([0, 1])
    expect(await bundle.ledgerOf(ended)).toEqual([])

    const isPaid = async () => (await bundle.outboxOf(ended.id)).length === 0
    await eventually(async () => expect(await isPaid()).toBe(true), 6_000)
    expect(elapsed()).toBeGreaterThan(4_900)
    expect(elapsed()).toBeLessThan(8_000)
    expect(await bundle.ledgerOf(ended)).toMatchObject([{ attempt: { number: 1, costNanoUsd: 500 } }])
    expect(await snapshot(bundle.redis, bundle.deployment, bundle.limits)).toMatchObject({
      inFlight: 0,
      available: { tpm: 985 },
    })
    expect((await listJobs(bundle.redis, ended.project, { limit: 10 })).ids.toSorted()).toEqual(
      [queued.id, ended.id].toSorted(),
    )

    const isInLane = async () =>
      (await bundle.broker.producer.position(bundle.lanes[0], { jobId: queued.id, delivery: 1 })) !== null
    await eventually(async () => expect(await isInLane()).toBe(true), 10_000)
    expect(elapsed()).toBeLessThan(10_000)
    expect(background.log()).not.toContain('"level":"error"')
  })

  it('ends within 2 s of a SIGTERM, whatever waits to be archived, and leaves no connection', ONE_BY_ONE, async () => {
    await Promise.all(
      Array.from({ length: 600 }, async () => {
        const spec = await accept()
        await settleJob(bundle.broker.jobs, spec, { any: true }, { status: 'cancelled', failure: null, body: null })
        await bundle.makeDue(spec.id)
      }),
    )
    const project = bundle.spec().project
    const archived = () => readdir(join(background.dataDir, 'blobs', project)).catch(() => [])
    await eventually(async () => expect((await archived()).length).toBeGreaterThan(0))
    const sinceMs = performance.now()
    background.child.kill('SIGTERM')
    background.child.kill('SIGTERM')
    expect(await background.exited).toBe(0)
    expect(performance.now() - sinceMs).toBeLessThan(2_000)
    await eventually(async () => expect(await connections()).toBe(0))
    expect(background.log()).not.toContain('"level":"error"')
  })

  it('ends when its supervisor is gone, and another one goes on at once', ONE_BY_ONE, async () => {
    await eventually(async () => expect(background.log()).toContain('"role":"sweeper"'))
    const other = await start()
    const sinceMs = performance.now()
    background.child.disconnect()
    expect(await background.exited).toBe(0)
    await eventually(async () => expect(other.log()).toContain('"role":"sweeper"'), 6_000)
    const spec = await accept()
    await bundle.makeDue(spec.id)
    await eventually(async () => expect((await bundle.broker.producer.depth(bundle.lanes[0])).waiting).toBe(1))
    expect(performance.now() - sinceMs).toBeLessThan(8_000)
    await other.remove()
  })
})

describe('the background process', () => {
  it.each([
    ['evicts accepted jobs', 'allkeys-lru', CATALOG, /noeviction/],
    ['has a catalog that is not valid', 'noeviction', 'providers: []', /catalog/],
  ])('does not start where it %s', async (_what, policy, catalog, reason) => {
    const server = await startOwnRedis()
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', policy)
    const background = await startBackgroundProcess(server.url, catalog.replaceAll('NAME', 'd').replace('LIMITS', '{}'))
    expect(await background.exited).toBe(1)
    expect(background.log()).toMatch(reason)
    await background.remove()
    await server.remove()
  })
})
