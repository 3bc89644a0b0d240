import { BrokerError } from '@switchyard/contract/broker-error'
import { partitionOf } from '@switchyard/contract/ids'
import { isTerminal, type JobStatus } from '@switchyard/contract/job'
import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { subscribe } from '@switchyard/redis/subscribe'
import { DISCONNECT_GRACE_MS, READER_REFRESH_MS, READER_TTL_MS } from './durations.ts'
import { Follower, type FollowListener } from './follower.ts'
import { startOf, summaryOf } from './job-summary.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys, liveChannel } from './keys.ts'
import { decodeFrames } from './live-frame.ts'
import { parseEntries, type RawEntry, readEvents } from './read-events.ts'
import { readJob } from './read-job.ts'
import { type Interest, interestCode } from './readers.ts'
import { scripts } from './scripts.ts'
import { attachMessage } from './worker-inbox.ts'

export interface Follow {
  /** Registered and read up to now. Never rejects: trouble is told by `onGone`. */
  ready: Promise<void>
  /** Stops hearing. The last one of this process to leave a job starts the grace period of `on_disconnect`. */
  close(): void
}

export interface LiveReader {
  /** Name under which this process is registered as a reader. */
  id: string
  follow(jobId: string, options: { after: number; created: boolean }, listener: FollowListener): Follow
  /** Jobs that are followed now. */
  following(): number
  stop(): Promise<void>
}

interface Followed {
  followers: Set<Follower>
  interest: Interest
  /** Settles once this process is registered as a reader. */
  registered: Promise<void>
  heardAtMs: number
}

const SILENCE_MS = 5_000

/**
 * Follows the logs of any number of jobs over one subscriber connection. The order that makes it safe: the subscription is up, a
 * reader is registered, live frames are kept, the log is read, both are spliced by number. A gap, a reconnect, or 5 s of silence
 * make it read the log again; no frame is needed for correctness.
 */
export async function startLiveReader(options: {
  jobs: Jobs
  subscriber: RedisClient
  id: string
  onError?: (error: unknown) => void
}): Promise<LiveReader> {
  const { jobs, id } = options
  const onError = options.onError ?? (() => {})
  const followed = new Map<string, Followed>()

  function handOn(follower: Follower): void {
    if (follower.hand()) leave(follower, false)
  }

  function onMessage(message: string): void {
    const touched = new Set<Follower>()
    decodeFrames(message, (frame) => {
      const job = followed.get(frame.jobId)
      if (!job) return
      job.heardAtMs = performance.now()
      for (const follower of job.followers) {
        if (follower.take(frame) === 'gap') void catchUp(follower)
        else touched.add(follower)
      }
    })
    for (const follower of touched) if (!follower.reading) handOn(follower)
  }

  /** Reads the log from the follower's place on, then the frames that came meanwhile. */
  async function catchUp(follower: Follower): Promise<void> {
    if (follower.reading || follower.done) return
    follower.reading = true
    try {
      await readOn(follower)
    } catch (error) {
      // Redis is away: the silence check tries again.
      if (BrokerError.is(error)) {
        follower.gone(error)
        leave(follower, true)
      } else onError(error)
    }
    follower.reading = false
    let gap = false
    for (const frame of follower.kept()) if (follower.take(frame) === 'gap') gap = true
    handOn(follower)
    if (gap && !follower.done) await catchUp(follower)
  }

  async function readOn(follower: Follower): Promise<void> {
    const { events } = jobKeys(follower.jobId)
    if (follower.wantsEntries) {
      const raw = (await jobs.redis.xrange(events, follower.lastId ? `(${follower.lastId}` : '-', '+')) as RawEntry[]
      if (raw.length > 0 || follower.lastId) {
        const ended = follower.takeRead(parseEntries(raw), raw.at(-1)?.[0] ?? null)
        if (!follower.started && follower.hasBatch) await tellStart(follower)
        if (!ended && raw.length > 0) return
      }
    }
    const record = await readJob(jobs, follower.jobId)
    if (!record) throw new BrokerError('stream_expired', 'The events of this job are no longer kept.')
    const start = startOf(record)
    if (!isTerminal(record.status)) {
      if (!follower.wantsEntries || record.spec.stream) return
      const ended = follower.takeRead(await readEvents(jobs, record, follower.next - 1), null)
      if (start && follower.hasBatch) follower.start(start)
      return ended ? readOn(follower) : undefined
    }
    if (start) follower.start(start)
    if (follower.wantsEntries) follower.takeRead(await readEvents(jobs, record, follower.next - 1), null)
    follower.finish({ ...summaryOf(record), result: null })
  }

  async function tellStart(follower: Follower): Promise<void> {
    const record = await readJob(jobs, follower.jobId)
    const start = record && startOf(record)
    if (start) follower.start(start)
  }

  async function register(follower: Follower, interest: Interest): Promise<void> {
    const { record } = jobKeys(follower.jobId)
    const [reply] = await pipelineBySlot(jobs.redis, [
      scriptCommand(scripts.attach, [record], [id, interestCode(interest), READER_TTL_MS]),
    ])
    if (reply!.error) throw reply!.error
    const [found, owner] = reply!.value as [number, string?]
    if (!found) throw new BrokerError('not_found', 'There is no such job.')
    if (owner) await pipelineBySlot(jobs.redis, [attachMessage(owner, follower.jobId, { id, interest })])
  }

  async function enter(follower: Follower, job: Followed, isNew: boolean): Promise<void> {
    follower.reading = true
    try {
      if (isNew || (follower.wantsEntries && job.interest === 'end')) {
        job.interest = follower.wantsEntries ? 'all' : job.interest
        job.registered = register(follower, job.interest)
        job.registered.catch(() => {})
      }
      // Who comes while another of this process registers must not read before that is done: it would miss what comes in between.
      await job.registered
    } catch (error) {
      follower.gone(
        BrokerError.is(error)
          ? error
          : new BrokerError('service_unavailable', 'The job store does not answer.', {
              retryAfterMs: 1_000,
              cause: error,
            }),
      )
      leave(follower, false)
      return
    }
    follower.reading = false
    await catchUp(follower)
  }

  function leave(follower: Follower, detach: boolean): void {
    const job = followed.get(follower.jobId)
    if (!job?.followers.delete(follower) || job.followers.size > 0) return
    followed.delete(follower.jobId)
    if (!detach) return
    const { record, due } = jobKeys(follower.jobId)
    // If this is lost, the registration lapses by itself.
    pipelineBySlot(jobs.redis, [
      scriptCommand(scripts.detach, [record, due], [follower.jobId, id, DISCONNECT_GRACE_MS]),
    ]).catch(onError)
  }

  /** One pipeline asks for the state of every job that nobody has spoken of for a while; only where it changed, the log is read. */
  async function checkSilent(silenceMs: number): Promise<void> {
    const before = performance.now() - silenceMs
    const silent = [...followed].filter(([, { heardAtMs }]) => heardAtMs <= before)
    const replies = await pipelineBySlot(
      jobs.redis,
      silent.flatMap(([jobId]) => {
        const { record, events } = jobKeys(jobId)
        return [
          { key: record, command: 'hmget', args: [record, 'status', 'stream', 'seq'] },
          { key: events, command: 'xrevrange', args: [events, '+', '-', 'COUNT', 1] },
        ]
      }),
    )
    const now = performance.now()
    silent.forEach(([, job], i) => {
      const state = replies[i * 2]!
      const last = replies[i * 2 + 1]!
      if (state.error || last.error) return
      job.heardAtMs = now
      const [status, stream, counted] = state.value as (string | null)[]
      const logged = parseEntries(last.value as RawEntry[]).at(-1)?.seq ?? -1
      const lastSeq = stream === '1' ? logged : Number(counted) - 1
      const ended = status == null || isTerminal(status as JobStatus)
      for (const follower of job.followers) {
        if (ended || (follower.wantsEntries && lastSeq >= follower.next)) void catchUp(follower)
      }
    })
  }

  async function refresh(): Promise<void> {
    const byPartition = Map.groupBy(followed, ([jobId]) => partitionOf(jobId))
    await pipelineBySlot(
      jobs.redis,
      [...byPartition.values()].map((group) =>
        scriptCommand(
          scripts.refreshReaders,
          group.map(([jobId]) => jobKeys(jobId).record),
          [id, READER_TTL_MS, ...group.map(([, { interest }]) => interestCode(interest))],
        ),
      ),
    )
  }

  await subscribe(options.subscriber, liveChannel(id), onMessage, () => {
    if (followed.size > 0) checkSilent(0).catch(onError)
  })
  const silenceTimer = setInterval(() => checkSilent(SILENCE_MS).catch(onError), 1_000)
  const refreshTimer = setInterval(() => refresh().catch(onError), READER_REFRESH_MS)

  return {
    id,
    following: () => followed.size,
    follow(jobId, { after, created }, listener) {
      const follower = new Follower(jobId, after, listener)
      let job = followed.get(jobId)
      const isNew = job === undefined
      if (!job) {
        job = {
          followers: new Set(),
          interest: follower.wantsEntries ? 'all' : 'end',
          registered: Promise.resolve(),
          heardAtMs: performance.now(),
        }
        followed.set(jobId, job)
      }
      job.followers.add(follower)
      return {
        ready: created ? Promise.resolve() : enter(follower, job, isNew),
        close() {
          // After the end there is no registration left to take back.
          const ended = follower.done
          follower.done = true
          leave(follower, !ended)
        },
      }
    },
    async stop() {
      clearInterval(silenceTimer)
      clearInterval(refreshTimer)
      for (const { followers } of [...followed.values()]) {
        for (const follower of [...followers]) {
          follower.done = true
          leave(follower, true)
        }
      }
      options.subscriber.disconnect()
    },
  }
}
