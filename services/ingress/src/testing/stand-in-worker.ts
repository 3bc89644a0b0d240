import type { Broker } from '@switchyard/broker/broker'
import { settle } from '@switchyard/broker/settle'
import type { BlobStore } from '@switchyard/contract/blob-store'
import type { JobFailure } from '@switchyard/contract/broker-error'
import type { Attempt } from '@switchyard/contract/job'
import { type Announcement, startAnnouncement } from '@switchyard/fleet/announce'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import { type Claim, claimJob } from '@switchyard/jobs/claim-job'
import type { JobLog } from '@switchyard/jobs/job-log'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { LogWriter } from '@switchyard/jobs/log-writer'
import { readRequest } from '@switchyard/jobs/read-request'
import type { AttemptEnding } from '@switchyard/jobs/record'
import { startInbox } from '@switchyard/jobs/worker-inbox'
import { createConsumer } from '@switchyard/lanes/consumer'
import { createProducer } from '@switchyard/lanes/producer'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'

/** One claimed job in the hands of a test, which plays its worker. */
export interface HeldJob {
  id: string
  claim: Claim
  request(): Promise<string>
  /** Begins the attempt and opens the log. */
  begin(options?: { dropped?: string[]; simulated?: boolean }): Promise<void>
  append(...lines: string[]): Promise<void>
  /** `terminal`: data of the stream's last event, where it is not `[DONE]`. */
  complete(body: string | null, terminal?: string): Promise<void>
  fail(failure: JobFailure): Promise<void>
  /** Resolves when it was cancelled from outside. */
  cancelled: Promise<void>
}

export interface StandInWorker {
  /** The next job of the lane, in order of arrival. */
  next(): Promise<HeldJob>
  /** Delivers this to every job by itself from now on. */
  onJob(handle: (job: HeldJob) => Promise<void>): void
  announcement: Announcement
  stop(): Promise<void>
}

const ENDING: Omit<AttemptEnding, 'dropped'> = {
  status: 'completed',
  errorClass: null,
  errorMessage: null,
  httpStatus: 200,
  ttftMs: 5,
  durationMs: 10,
  usage: { inputTokens: 7, cachedInputTokens: 2, cacheWriteTokens: 0, outputTokens: 3, reasoningTokens: 0 },
  usageSource: 'provider',
  costNanoUsd: 1_250_000,
  priceId: 'test',
}

/**
 * Consumes one lane with the product's own packages, and lets a test decide what its jobs' provider says. The provider calls alone are
 * missing: ingress may not import those.
 */
export async function startStandInWorker(options: {
  redisUrl: string
  blobs: BlobStore
  lane: string
  deployment: string
  /** Redis fails on purpose: errors are expected. */
  outages: boolean
}): Promise<StandInWorker> {
  const { lane, deployment, blobs } = options
  const owner = `w-${deployment}`
  const redis = await connectRedis(options.redisUrl, { role: 'consumer', name: owner })
  const subscriber = await connectRedis(options.redisUrl, { role: 'subscriber', name: `${owner}-inbox` })
  const publisher = new LivePublisher(redis)
  const jobs = { redis, blobs }
  const producer = createProducer({ redis })
  const failures: unknown[] = []
  const broker: Broker = {
    jobs,
    producer,
    publisher,
    limitsOf: () => undefined,
    onError: (error) => failures.push(error),
  }
  const logs = new LogWriter(redis, publisher)
  const open = new Map<string, { log: JobLog; cancelled: () => void }>()
  const arrived: HeldJob[] = []
  const waiters: ((job: HeldJob) => void)[] = []
  let handler: ((job: HeldJob) => Promise<void>) | null = null

  await startInbox(subscriber, owner, {
    onCancel: (jobId) => open.get(jobId)?.cancelled(),
    onReader: (jobId, reader) => open.get(jobId)?.log.addReader(reader),
  })
  const announcement = startAnnouncement({
    redis,
    id: owner,
    role: 'worker',
    facts: () => ({
      deployments: [{ id: deployment, simulated: true, credential: 'resolved' }],
      catalogRevision: '',
      startedAtMs: 0,
      pid: process.pid,
      host: 'test',
    }),
    onError: () => {},
  })
  await announcement.refresh()

  const consumer = createConsumer({
    redis,
    lane,
    concurrency: 500,
    onError: (error) => failures.push(error),
    async handle(delivery) {
      const verdict = await claimJob(jobs, delivery, { owner, suspect: false })
      if (verdict.kind !== 'claimed') return { kind: 'done' }
      const done = Promise.withResolvers<void>()
      const job = hold(verdict.claim, done.resolve)
      if (handler) void handler(job)
      else {
        const waiter = waiters.shift()
        if (waiter) waiter(job)
        else arrived.push(job)
      }
      await done.promise
      return { kind: 'done' }
    },
  })

  function hold(claim: Claim, done: () => void): HeldJob {
    const { spec } = claim.record
    const cancelled = Promise.withResolvers<void>()
    const log = logs.open(spec.id, {
      fence: claim.fence,
      nextSeq: claim.nextSeq,
      readers: claim.readers,
      onFenced: () => cancelled.resolve(),
    })
    open.set(spec.id, { log, cancelled: cancelled.resolve })
    const beginning = {
      number: 1,
      fence: claim.fence,
      hop: 0,
      deployment,
      provider: 'p',
      model: 'm',
      simulated: true,
      dropped: [] as string[],
      startedAtMs: Date.now(),
      estimate: { inputTokens: 1, outputTokens: 1, costNanoUsd: 1 },
    }
    let begun = false
    let started = false

    async function end(
      status: 'completed' | 'failed',
      failure: JobFailure | null,
      body: string | null,
      terminal: string | null = null,
    ): Promise<void> {
      await log.flushed()
      const ending: AttemptEnding = { ...ENDING, status, dropped: beginning.dropped }
      const attempts: Attempt[] = begun ? [{ ...beginning, ...ending }] : []
      await settle(
        broker,
        spec,
        { fence: claim.fence },
        { status, failure, body, terminal, ...(begun ? { attempt: { number: 1, ending } } : {}) },
        attempts,
      )
      open.delete(spec.id)
      done()
    }

    void cancelled.promise.then(done)
    return {
      id: spec.id,
      claim,
      cancelled: cancelled.promise,
      request: async () => (await readRequest(jobs, claim.record, claim.request)).toString(),
      async begin(given = {}) {
        beginning.dropped = given.dropped ?? []
        beginning.simulated = given.simulated ?? true
        begun = true
        await beginAttempt(jobs, spec.id, beginning)
      },
      async append(...lines) {
        for (const line of lines) {
          const { simulated, dropped } = beginning
          void log.append(line, started ? null : { start: { deployment, simulated, dropped } })
          started = true
        }
        await log.flushed()
      },
      complete: (body, terminal) => end('completed', null, body, terminal),
      fail: (failure) => end('failed', failure, null),
    }
  }

  return {
    next: () =>
      new Promise((resolve) => {
        const job = arrived.shift()
        if (job) resolve(job)
        else waiters.push(resolve)
      }),
    onJob(handle) {
      handler = handle
    },
    announcement,
    async stop() {
      await announcement.stop()
      const stopped = consumer.stop({ releaseHeld: true })
      for (const { cancelled } of open.values()) cancelled()
      await stopped
      await Promise.all([disconnectRedis(redis), disconnectRedis(subscriber)])
      if (failures.length > 0 && !options.outages) throw failures[0]
    },
  }
}
