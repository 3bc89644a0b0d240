import { randomBytes } from 'node:crypto'
import { failure } from '@switchyard/contract/broker-error'
import type { JobSpec } from '@switchyard/contract/job'
import { toSse } from '@switchyard/contract/log-entry'
import { eventData } from '@switchyard/contract/openai-responses/event-data'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archiveJob } from './archive-job.ts'
import { claimJob } from './claim-job.ts'
import { createJob } from './create-job.ts'
import { eraseJob } from './erase-job.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { LivePublisher } from './live-publisher.ts'
import { LogWriter } from './log-writer.ts'
import { readEvents } from './read-events.ts'
import { readJob } from './read-job.ts'
import { readResult } from './read-result.ts'
import { readStoredRequest } from './read-stored-request.ts'
import { type Ending, settleJob } from './settle-job.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'

const CANCELLED: Ending = {
  status: 'cancelled',
  failure: failure('job_cancelled', 'The job was cancelled.'),
  body: null,
}

describe.each(SERVERS)('a response on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'responses-test' })
    jobs = { redis, blobs: memoryBlobStore() }
  })
  afterAll(() => disconnectRedis(redis))

  async function accept(over: Partial<JobSpec> = {}, body = '{"input":"hi"}'): Promise<JobSpec> {
    const spec = newSpec({
      endpoint: '/v1/responses',
      dialect: 'openai-responses',
      project: `proj_${randomBytes(5).toString('hex')}`,
      response: { store: true, background: true, previousResponseId: null },
      ...over,
    })
    await createJob(jobs, { spec, body: Buffer.from(body), reader: null })
    return spec
  }
  const recordOf = async ({ id }: JobSpec) => (await readJob(jobs, id))!
  const eventsOf = async (spec: JobSpec) => (await readEvents(jobs, await recordOf(spec), -1)).map(toSse)

  async function say(spec: JobSpec, ...types: string[]): Promise<number> {
    const verdict = await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w', suspect: false })
    if (verdict.kind !== 'claimed') throw new Error(verdict.kind)
    const { fence, nextSeq } = verdict.claim
    const log = new LogWriter(redis, new LivePublisher(redis)).open(spec.id, {
      fence,
      nextSeq,
      readers: [],
      onFenced() {},
    })
    for (const [i, type] of types.entries()) void log.append(eventData(type, i, { output_index: 0 }))
    await log.flushed()
    return fence
  }

  it('ends its stream with its own last event, which is its result', async () => {
    const spec = await accept()
    const fence = await say(spec, 'response.created', 'response.in_progress')
    const response = { id: 'resp_1', status: 'completed', output: [] }
    const terminal = eventData('response.completed', 2, { response })
    await settleJob(jobs, spec, { fence }, { status: 'completed', failure: null, body: null, terminal })
    expect(await eventsOf(spec)).toEqual([
      expect.stringMatching(/^id: 0\nevent: response.created\n/),
      expect.stringMatching(/^id: 1\nevent: response.in_progress\n/),
      `id: 2\nevent: response.completed\ndata: ${terminal}\n\n`,
    ])
    expect(JSON.parse(String((await readResult(jobs, await recordOf(spec))).body))).toEqual(response)
    await archiveJob(jobs, spec.id)
    expect(JSON.parse(String((await readResult(jobs, await recordOf(spec))).body))).toEqual(response)
  })

  it('that is cancelled ends with response.failed, numbered although nobody counted', async () => {
    const spec = await accept()
    await say(spec, 'response.created', 'response.in_progress', 'response.output_item.added')
    await settleJob(jobs, spec, { any: true }, CANCELLED)
    const last = (await eventsOf(spec)).at(-1)!
    expect(last).toMatch(/^id: 3\nevent: response.failed\n/)
    expect(JSON.parse(last.split('data: ')[1]!)).toMatchObject({
      sequence_number: 3,
      response: { status: 'cancelled', error: { code: 'job_cancelled' } },
    })
  })

  it.each([
    ['small', '{"input":"hi"}'],
    ['large', `{"input":"${'x'.repeat(100_000)}"}`],
  ])('keeps its %s request, in Redis and after', async (_size, body) => {
    const spec = await accept({ stream: false }, body)
    expect(String(await readStoredRequest(jobs, await recordOf(spec)))).toBe(body)
    await settleJob(jobs, spec, { any: true }, CANCELLED)
    const before = await recordOf(spec)
    await archiveJob(jobs, spec.id)
    expect(await redis.hexists(jobKeys(spec.id).record, 'request')).toBe(0)
    expect(String(await readStoredRequest(jobs, await recordOf(spec)))).toBe(body)
    // Whoever read the record before it was archived finds it too.
    expect(String(await readStoredRequest(jobs, before))).toBe(body)
  })

  it.each([
    ['at once', false],
    ['after it was archived', true],
  ])('is erased %s: nothing of it can be read, and the sweeper is told', async (_when, archived) => {
    const spec = await accept({}, `{"input":"${'secret'.repeat(20_000)}"}`)
    const fence = await say(spec, 'response.created')
    const terminal = eventData('response.completed', 1, { response: { id: 'resp_1' } })
    await settleJob(jobs, spec, { fence }, { status: 'completed', failure: null, body: null, terminal })
    if (archived) await archiveJob(jobs, spec.id)
    const keys = jobKeys(spec.id)
    expect(await eraseJob(jobs, spec.id, spec.project)).toBe(true)
    expect(await eraseJob(jobs, spec.id, spec.project)).toBe(true)
    const record = await recordOf(spec)
    expect(record).toMatchObject({ status: 'completed', archive: null, resultBlob: null })
    expect(record.expiresAtMs).toBeLessThan(Date.now())
    await expect(readEvents(jobs, record, -1)).rejects.toMatchObject({ code: 'stream_expired' })
    await expect(readResult(jobs, record)).rejects.toMatchObject({ code: 'stream_expired' })
    expect(await readStoredRequest(jobs, record)).toBeNull()
    for await (const { name } of jobs.blobs.list(spec.project)) expect.unreachable(name)
    expect(Number(await redis.zscore(keys.due, spec.id))).toBeLessThanOrEqual(Date.now())
    expect(await redis.zscore(keys.ended, spec.id)).toBeNull()
  })

  it('is not erased while it runs, nor where there is none', async () => {
    const spec = await accept()
    await say(spec, 'response.created')
    expect(await eraseJob(jobs, spec.id, spec.project)).toBe(false)
    expect(await eventsOf(spec)).toHaveLength(1)
    expect(await eraseJob(jobs, newSpec().id, spec.project)).toBe(false)
  })
})
