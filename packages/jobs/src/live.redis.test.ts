import type { LogEntry } from '@switchyard/contract/log-entry'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { beginAttempt } from './begin-attempt.ts'
import { type Claim, claimJob } from './claim-job.ts'
import { createJob } from './create-job.ts'
import type { FollowListener, JobEnd } from './follower.ts'
import type { Jobs } from './jobs.ts'
import type { JobSummary } from './live-frame.ts'
import { LivePublisher } from './live-publisher.ts'
import { type LiveReader, startLiveReader } from './live-reader.ts'
import { LogWriter } from './log-writer.ts'
import { settleJob } from './settle-job.ts'
import { newBeginning } from './testing/new-attempt.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'
import { startInbox } from './worker-inbox.ts'

/** Collects what a listener hears and lets a test wait for it. */
function collector() {
  const entries: LogEntry[] = []
  const waits: { when: () => boolean; resolve: () => void }[] = []
  let end: JobEnd | null = null
  let gone: string | null = null
  const check = () => {
    for (const wait of waits) if (wait.when()) wait.resolve()
  }
  const listener: FollowListener = {
    onEntries(batch) {
      entries.push(...batch)
      check()
    },
    onEnd(it) {
      end = it
      check()
    },
    onGone(error) {
      gone = error.code
      check()
    },
  }
  const until = (when: () => boolean) =>
    new Promise<void>((resolve) => {
      waits.push({ when, resolve })
      check()
    })
  return {
    listener,
    entries,
    end: () => end,
    gone: () => gone,
    ended: () => until(() => end !== null || gone !== null),
    has: (count: number) => until(() => entries.length >= count),
  }
}

describe.each(SERVERS)('following a log on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs
  let live: LiveReader
  let publisher: LivePublisher
  let writer: LogWriter
  const id = `i-${Math.random().toString(36).slice(2)}`

  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'live-test' })
    jobs = { redis, blobs: memoryBlobStore() }
    const subscriber = await connectRedis(url, { role: 'subscriber', name: 'live-test-sub' })
    live = await startLiveReader({ jobs, subscriber, id })
    publisher = new LivePublisher(redis)
    writer = new LogWriter(redis, publisher)
  })
  afterAll(async () => {
    await live.stop()
    await disconnectRedis(redis)
  })

  async function start(reader: string | null, owner = 'w1') {
    const spec = newSpec()
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: reader ? { id: reader, interest: 'all' } : null })
    const verdict = await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner, suspect: false })
    const { claim } = verdict as { claim: Claim }
    const log = writer.open(spec.id, { ...claim, onFenced: () => {} })
    return { spec, claim, log }
  }
  async function finish({ spec, claim }: Awaited<ReturnType<typeof start>>, show = true) {
    const settled = await settleJob(
      jobs,
      spec,
      { fence: claim.fence },
      { status: 'completed', failure: null, body: null },
    )
    if (!settled || !show) return
    publisher.show(
      {
        jobId: spec.id,
        fence: settled.fence,
        entry: settled.entry,
        note: {
          end: {
            status: 'completed',
            attempts: 1,
            deployment: 'opus',
            simulated: false,
            dropped: [],
            costNanoUsd: 1,
            failure: null,
          },
        },
      },
      settled.readers,
    )
  }

  it('hands on what is appended, in order, to the end', async () => {
    const job = await start(id)
    const heard = collector()
    live.follow(job.spec.id, { after: -1, created: true }, heard.listener)
    for (let i = 0; i < 50; i++) void job.log.append(`{"n":${i},"text":"ünï\\n ${'x'.repeat(i)}"}`)
    await job.log.flushed()
    await finish(job)
    await heard.ended()
    expect(heard.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 51 }, (_, i) => i))
    expect(heard.entries[7]!.data).toBe(`{"n":7,"text":"ünï\\n ${'x'.repeat(7)}"}`)
    expect(heard.entries.at(-1)).toMatchObject({ data: '[DONE]', terminal: 'completed' })
    expect(heard.end()).toMatchObject({ status: 'completed', deployment: 'opus' })
  })

  it('splices: one who comes late, in the middle of a burst, misses nothing and hears nothing twice', async () => {
    const job = await start(null)
    const inbox = await connectRedis(url, { role: 'subscriber', name: 'inbox-test' })
    const owner = `w-${job.spec.id}`
    await startInbox(inbox, owner, { onCancel: () => {}, onReader: (_, reader) => job.log.addReader(reader) })
    await redis.hset(
      `sy:{${(await import('./keys.ts')).jobKeys(job.spec.id).partition}}:job:${job.spec.id}`,
      'owner',
      owner,
    )
    for (let i = 0; i < 20; i++) void job.log.append(`{"n":${i}}`)
    const heard = collector()
    const follow = live.follow(job.spec.id, { after: 4, created: false }, heard.listener)
    for (let i = 20; i < 40; i++) {
      void job.log.append(`{"n":${i}}`)
      if (i % 5 === 0) await job.log.flushed()
    }
    await follow.ready
    for (let i = 40; i < 60; i++) void job.log.append(`{"n":${i}}`)
    await job.log.flushed()
    await finish(job)
    await heard.ended()
    expect(heard.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 56 }, (_, i) => i + 5))
    inbox.disconnect()
  })

  it('resumes in the middle of what one flush stored', async () => {
    const job = await start(null)
    for (let i = 0; i < 10; i++) void job.log.append(`{"n":${i}}`)
    await job.log.flushed()
    expect(await redis.xlen(job.log.eventsKey)).toBe(2)
    const heard = collector()
    const follow = live.follow(job.spec.id, { after: 6, created: false }, heard.listener)
    await follow.ready
    expect(heard.entries.map(({ seq, data }) => [seq, data])).toEqual([7, 8, 9].map((n) => [n, `{"n":${n}}`]))
    await finish(job)
    await heard.ended()
    expect(heard.entries.at(-1)).toMatchObject({ seq: 10, terminal: 'completed' })
  })

  it('is told the end of a stream by the script that ends it, where one server has it all', async () => {
    const job = await start(id)
    const heard = collector()
    live.follow(job.spec.id, { after: -1, created: true }, heard.listener)
    void job.log.append('{"text":"ünï 𝄞"}')
    void job.log.flushNow()
    const error = { message: 'ünï 𝄞\n', type: 'server_error', param: null, code: 'provider_error' }
    const failure = { status: 502, error }
    const summary: JobSummary = {
      status: 'failed',
      attempts: 1,
      deployment: 'opus',
      simulated: false,
      dropped: ['seed'],
      costNanoUsd: 1,
      failure,
    }
    const how = { status: 'failed', failure, body: null, summary } as const
    const settled = (await settleJob(jobs, job.spec, { fence: job.claim.fence, log: job.log }, how))!
    expect(settled.shown).toBe(!isClusterClient(redis))
    const note = { end: summary }
    if (!settled.shown) publisher.show({ jobId: job.spec.id, ...settled, note }, settled.readers)
    await heard.ended()
    expect(heard.entries.map(({ seq, event, terminal }) => [seq, event, terminal])).toEqual([
      [0, null, null],
      [1, 'error', 'failed'],
    ])
    expect(heard.entries.at(-1)!.data).toBe(JSON.stringify({ error }))
    // Only a frame carries the summary to the letter; the record, that a late reader has it from, knows of no attempt here.
    expect(heard.end()).toMatchObject(summary)
  })

  it('repairs a gap from the log', async () => {
    const job = await start(id)
    const heard = collector()
    live.follow(job.spec.id, { after: -1, created: true }, heard.listener)
    // These are stored, but their message is lost.
    job.log.setReaders([])
    void job.log.append('{"n":0}')
    void job.log.append('{"n":1}')
    await job.log.flushed()
    job.log.setReaders([{ id, interest: 'all' }])
    void job.log.append('{"n":2}')
    await heard.has(3)
    expect(heard.entries.map(({ data }) => data)).toEqual(['{"n":0}', '{"n":1}', '{"n":2}'])
    await finish(job)
    await heard.ended()
  })

  it('finds an end that nobody told within the silence limit', { timeout: 15_000 }, async () => {
    const job = await start(id)
    const heard = collector()
    live.follow(job.spec.id, { after: -1, created: true }, heard.listener)
    await finish(job, false)
    await heard.ended()
    expect(heard.entries.map(({ data }) => data)).toEqual(['[DONE]'])
    expect(heard.end()).toMatchObject({ status: 'completed' })
  })

  it('hands on the events of a job that is not streamed, those before it came and the end', async () => {
    const spec = newSpec({ stream: false })
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })
    const { claim } = (await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w1', suspect: false })) as {
      claim: Claim
    }
    const heard = collector()
    await live.follow(spec.id, { after: -1, created: false }, heard.listener).ready
    expect(heard.entries.map(({ seq, event }) => [seq, event])).toEqual([
      [0, 'job.status'],
      [1, 'job.status'],
    ])
    await beginAttempt(jobs, spec.id, newBeginning(1, claim.fence))
    await finish({ spec, claim, log: writer.open(spec.id, { ...claim, onFenced: () => {} }) })
    await heard.ended()
    expect(heard.entries.map(({ seq, event, terminal }) => [seq, event, terminal]).slice(2)).toEqual([
      [2, 'job.attempt', null],
      [3, 'job.completed', 'completed'],
    ])
  })

  it('gives the end of a job that has ended already, and says when there is none', async () => {
    const job = await start(null)
    void job.log.append('{"n":0}')
    await job.log.flushed()
    await finish(job)
    const heard = collector()
    await live.follow(job.spec.id, { after: 0, created: false }, heard.listener).ready
    expect(heard.entries.map(({ data }) => data)).toEqual(['[DONE]'])
    const none = collector()
    await live.follow(newSpec().id, { after: -1, created: false }, none.listener).ready
    expect(none.gone()).toBe('not_found')
    expect(live.following()).toBe(0)
  })

  it('starts the grace period when the last one leaves', async () => {
    const job = await start(id)
    const first = live.follow(job.spec.id, { after: -1, created: true }, collector().listener)
    const second = live.follow(job.spec.id, { after: -1, created: false }, collector().listener)
    await second.ready
    first.close()
    expect(live.following()).toBe(1)
    second.close()
    expect(live.following()).toBe(0)
    const { record } = (await import('./keys.ts')).jobKeys(job.spec.id)
    await expect.poll(() => redis.hget(record, 'unread')).not.toBeNull()
    expect(await redis.hget(record, 'readers')).toBe('')
  })
})
