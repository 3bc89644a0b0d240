import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { claimJob } from '@switchyard/jobs/claim-job'
import { createJob } from '@switchyard/jobs/create-job'
import type { Jobs } from '@switchyard/jobs/jobs'
import type { AttemptStart } from '@switchyard/jobs/live-frame'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { type LiveReader, startLiveReader } from '@switchyard/jobs/live-reader'
import { LogWriter } from '@switchyard/jobs/log-writer'
import { newBeginning } from '@switchyard/jobs/testing/new-attempt'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnswerSink } from './answer-sink.ts'
import { CallStop } from './call-stop.ts'
import { Hold } from './hold.ts'
import { newHold } from './testing/new-hold.ts'

const ROLE = '{"choices":[{"delta":{"role":"assistant"}}]}'
const EMPTY = '{"choices":[{"delta":{"content":""}}]}'
const HEL = '{"choices":[{"delta":{"content":"Hel"}}]}'
const LO = '{"choices":[{"delta":{"content":"lo"}}]}'

describe.each(OWN_SERVERS)('AnswerSink on %s', (_name, url) => {
  let redis: RedisClient
  let jobs: Jobs
  let live: LiveReader
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'sink-test' })
    jobs = { redis, blobs: memoryBlobStore() }
    const subscriber = await connectRedis(url, { role: 'subscriber', name: 'sink-test' })
    live = await startLiveReader({ jobs, subscriber, id: 'sink-test' })
  })
  afterAll(async () => {
    await live.stop()
    await disconnectRedis(redis)
  })

  /** A sink on the log of a claimed job, and what a reader of that log sees. */
  async function open(over: Partial<ConstructorParameters<typeof AnswerSink>[1]> = {}) {
    const spec = newSpec({ stream: true })
    const seen: string[] = []
    const starts: AttemptStart[] = []
    live.follow(
      spec.id,
      { after: -1, created: true },
      {
        onStart: (start) => starts.push(start),
        onEntries: (entries) => seen.push(...entries.map(({ data }) => data)),
        onEnd: () => {},
        onGone: () => {},
      },
    )
    await createJob(jobs, { spec, body: Buffer.from('{}'), reader: { id: live.id, interest: 'all' } })
    const verdict = await claimJob(jobs, { jobId: spec.id, delivery: 1 }, { owner: 'w1', suspect: false })
    if (verdict.kind !== 'claimed') throw new Error(verdict.kind)
    const hold = new Hold(verdict.claim)
    const log = new LogWriter(redis, new LivePublisher(redis)).open(spec.id, {
      fence: hold.fence,
      nextSeq: 0,
      readers: [...hold.readers.values()],
      onFenced: () => hold.stop('ended'),
    })
    hold.log = log
    const beginning = { ...newBeginning(1, hold.fence), dropped: ['temperature'] }
    const sink = new AnswerSink(hold, { beginning, stop: null, meter: null, racer: null, ...over })
    return { sink, log, seen, starts }
  }

  it('holds back what shows nothing until the first content, then lets everything through in order', async () => {
    const { sink, log, seen, starts } = await open()
    void sink.data(ROLE, false)
    void sink.data(EMPTY, false)
    expect([log.nextSeq, sink.firstContentAtMs]).toEqual([0, null])
    const before = Date.now()
    void sink.data(HEL, true)
    expect(log.nextSeq).toBe(3)
    const firstContentAtMs = sink.firstContentAtMs!
    expect(firstContentAtMs).toBeGreaterThanOrEqual(before)
    void sink.data(EMPTY, false)
    void sink.data(LO, true)
    await log.flushed()
    await eventually(() => expect(seen).toEqual([ROLE, EMPTY, HEL, EMPTY, LO]))
    expect(starts).toEqual([{ deployment: 'opus', simulated: true, dropped: ['temperature'] }])
    expect(sink.firstContentAtMs).toBe(firstContentAtMs)
  })

  it('leaves no trace of an attempt that showed nothing', async () => {
    const { sink, log, seen } = await open()
    void sink.data(ROLE, false)
    void sink.data(EMPTY, false)
    await log.flushed()
    expect([log.nextSeq, seen, sink.contentChars]).toEqual([0, [], 0])
  })

  it('lets nothing through of a call whose content came second', async () => {
    const { sink, log, seen } = await open({ racer: { win: () => false } })
    void sink.data(ROLE, false)
    void sink.data(HEL, true)
    void sink.data(LO, true)
    sink.flushHeld()
    await log.flushed()
    expect([log.nextSeq, seen, sink.firstContentAtMs]).toEqual([0, [], null])
  })

  it('shows the line with which the cost cap is reached, and none after it', async () => {
    const stop = new CallStop(new AbortController().signal)
    let lines = 0
    const meter = { outputTokens: 0, spentNanoUsd: 0, add: () => ++lines === 2 }
    const { sink, log, seen } = await open({ stop, meter })
    for (const line of [ROLE, HEL, EMPTY, LO, HEL]) void sink.data(line, line === HEL || line === LO)
    await log.flushed()
    await eventually(() => expect(seen).toEqual([ROLE, HEL, EMPTY, LO]))
    expect([stop.reason, stop.signal.aborted]).toEqual(['cost_cap', true])
  })

  it('gives out what it held back when the answer is complete without content, once', async () => {
    const { sink, log, seen } = await open()
    void sink.data(ROLE, false)
    sink.flushHeld()
    sink.flushHeld()
    await log.flushed()
    await eventually(() => expect(seen).toEqual([ROLE]))
    expect(sink.firstContentAtMs).toBeNull()
  })

  it('asks its provider to wait while too much is not stored yet', async () => {
    const { sink, log } = await open()
    expect(sink.data(HEL, true)).toBeUndefined()
    const wait = sink.data('x'.repeat(300 * 1024), true)
    expect(wait).toBeInstanceOf(Promise)
    await wait
    await log.flushed()
  })
})

describe('AnswerSink', () => {
  it('counts only what showed something, with or without a log', () => {
    const open = { beginning: newBeginning(1, 1), stop: null, meter: null, racer: null }
    const sink = new AnswerSink(newHold({ stream: false }), open)
    void sink.data(ROLE, false)
    void sink.data(HEL, true)
    void sink.data(EMPTY, false)
    void sink.data(LO, true)
    expect(sink.contentChars).toBe(HEL.length + LO.length)
    expect(sink.firstContentAtMs).not.toBeNull()
  })
})
