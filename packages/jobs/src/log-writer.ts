import { setTimeout as delay } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Flusher, JobLog, type LogOptions } from './job-log.ts'
import type { LivePublisher } from './live-publisher.ts'
import { rowStore, type StoreRows } from './store-rows.ts'

const RETRY_MS = 50

/** How long a flush is followed by a rest. */
interface Rests {
  leastMs: number
  mostMs: number
  /** ms of rest for each ms that the flush took beyond the shortest one so far, which is the way to Redis, and `calmMs`. */
  share: number
  calmMs: number
}

/**
 * 4 ms are not noticed in an answer and spare half of the flushes of fifty streams. Where the cores can't
 * keep up, a longer rest lets several chunks of a stream become one row, one frame and one write.
 */
const RESTS: Rests = { leastMs: 4, mostMs: 100, share: 12, calmMs: 1.5 }

/**
 * Appends events of all jobs of this process. Stored before shown: what Redis took is shown, nothing else.
 *
 * What begins an answer or ends one leaves at the end of its turn. What continues one leaves with that of all others, one flush at a
 * time, each followed by a rest: a flush wakes Redis and every ingress that has readers, which costs more than ten chunks do. The
 * rest grows with how long the flush took, so that there is less to do when there is too much.
 */
export class LogWriter implements Flusher {
  #store: StoreRows
  #onStored: (tookMs: number, rows: number) => void
  #rests: Rests
  /** Logs of answers that go on. */
  #waiting = new Set<JobLog>()
  #planned = false
  #flushing = false
  #restUntilMs = Number.NEGATIVE_INFINITY
  #shortestMs = Number.POSITIVE_INFINITY
  /** Logs of answers that begin, or that somebody waits for. */
  #urgent = new Set<JobLog>()
  #hurrying = false

  /** `onStored` is told of each flush: from taking what was pending to the acknowledgement, and how many rows that were. */
  constructor(
    redis: RedisClient,
    publisher: LivePublisher,
    onStored: (tookMs: number, rows: number) => void = () => {},
    rests: Rests = RESTS,
  ) {
    this.#store = rowStore(redis, publisher)
    this.#onStored = onStored
    this.#rests = rests
  }

  /** A log to append to under one fence, from `nextSeq` on. */
  open(jobId: string, options: LogOptions): JobLog {
    return new JobLog(this, jobId, options)
  }

  /** @internal */
  wake(log: JobLog): void {
    this.#waiting.add(log)
    this.#plan()
  }

  /** @internal */
  hurry(log: JobLog): void {
    this.#urgent.add(log)
    if (this.#hurrying) return
    this.#hurrying = true
    queueMicrotask(() => void this.#flushUrgent())
  }

  /** @internal */
  flushNow(log: JobLog): void {
    void this.#send([log])
  }

  /** At the end of the poll phase, so that everything that a turn's sockets bring goes into it. */
  #plan(): void {
    if (this.#planned || this.#flushing) return
    this.#planned = true
    const restMs = this.#restUntilMs - performance.now()
    if (restMs > 0) setTimeout(() => void this.#flush(), restMs)
    else setImmediate(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    this.#planned = false
    this.#flushing = true
    const logs = [...this.#waiting]
    this.#waiting.clear()
    const startedAtMs = performance.now()
    const again = await this.#send(logs)
    this.#restUntilMs = startedAtMs + this.#restAfter(performance.now() - startedAtMs)
    // Redis could not take them now: a connection lost on the way, a failover.
    if (again) await delay(RETRY_MS)
    this.#flushing = false
    if (this.#waiting.size > 0) this.#plan()
  }

  #restAfter(tookMs: number): number {
    const { leastMs, mostMs, share, calmMs } = this.#rests
    return Math.min(mostMs, Math.max(leastMs, share * (tookMs - this.#shortestMs - calmMs)))
  }

  /** One at a time as well: what begins meanwhile goes together. */
  async #flushUrgent(): Promise<void> {
    while (this.#urgent.size > 0) {
      const logs = [...this.#urgent]
      this.#urgent.clear()
      await this.#send(logs)
    }
    this.#hurrying = false
  }

  /** Stores one row of each log that has one. True when some have to be sent again. */
  async #send(logs: JobLog[]): Promise<boolean> {
    const taken = logs.flatMap((log) => {
      const row = log.take()
      return row === null ? [] : { log, row }
    })
    if (taken.length === 0) return false
    const takenAtMs = performance.now()
    const outcomes = await this.#store(taken.map(({ row }) => row))
    const tookMs = performance.now() - takenAtMs
    this.#shortestMs = Math.min(this.#shortestMs, tookMs)
    this.#onStored(tookMs, taken.length)
    taken.forEach(({ log }, i) => {
      const outcome = outcomes[i]!
      log.conclude(outcome)
      if (!log.hasRows) return
      if (log.isAwaited && outcome !== 'again') this.hurry(log)
      else this.wake(log)
    })
    return outcomes.includes('again')
  }
}
