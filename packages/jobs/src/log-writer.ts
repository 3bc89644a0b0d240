import { setTimeout as delay } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Flusher, JobLog, type LogOptions } from './job-log.ts'
import type { LivePublisher } from './live-publisher.ts'
import { rowStore, type StoreRows } from './store-rows.ts'

const RETRY_MS = 50
/**
 * From the beginning of a flush to that of the next one, unless somebody waits for it. A flush costs all three processes far more than
 * a row in it, and with hundreds of streams there would be thousands in a second, each with two rows or three.
 */
const GAP_MS = 1

/**
 * Appends events of all jobs of this process. Stored before shown: one flush takes everything pending, and what Redis took is shown.
 * States: *idle* → *planned* (for the end of this turn, or by a timer for the end of the gap) → *flushing*, one at a time. An event that
 * comes alone, a first one and a last one go at once; under load, batches grow by themselves.
 */
export class LogWriter implements Flusher {
  #store: StoreRows
  /** Logs with something to store. */
  #waiting = new Set<JobLog>()
  #urgent = false
  #flushing = false
  #planned = false
  #timer: NodeJS.Timeout | null = null
  #beganAtMs = Number.NEGATIVE_INFINITY

  constructor(redis: RedisClient, publisher: LivePublisher) {
    this.#store = rowStore(redis, publisher)
  }

  /** A log to append to under one fence, from `nextSeq` on. */
  open(jobId: string, options: LogOptions): JobLog {
    return new JobLog(this, jobId, options)
  }

  /** @internal */
  wake(log: JobLog, urgent: boolean): void {
    this.#waiting.add(log)
    this.#urgent ||= urgent
    this.#plan()
  }

  /** @internal */
  flushNow(log: JobLog): void {
    if (this.#flushing) void this.#send([log])
    else void this.#flush()
  }

  #plan(): void {
    if (this.#planned || this.#flushing) return
    if (!this.#urgent) {
      if (this.#timer !== null) return
      const leftMs = this.#beganAtMs + GAP_MS - performance.now()
      if (leftMs > 0) {
        this.#timer = setTimeout(() => void this.#flush(), leftMs)
        return
      }
    }
    this.#planned = true
    // After the poll phase: everything that this turn's sockets brought goes into one flush.
    setImmediate(() => {
      this.#planned = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#flushing) return
    this.#flushing = true
    this.#beganAtMs = performance.now()
    this.#urgent = false
    const logs = [...this.#waiting]
    this.#waiting.clear()
    // Redis could not take them now: a connection lost on the way, a failover.
    if (await this.#send(logs)) await delay(RETRY_MS)
    this.#flushing = false
    if (this.#waiting.size > 0) this.#plan()
  }

  /** Stores one row of each log that has one. True when some have to be sent again. */
  async #send(logs: JobLog[]): Promise<boolean> {
    const taken = logs.flatMap((log) => {
      const row = log.take()
      return row === null ? [] : { log, row }
    })
    if (taken.length === 0) return false
    const outcomes = await this.#store(taken.map(({ row }) => row))
    taken.forEach(({ log }, i) => {
      log.settle(outcomes[i]!)
      if (log.hasRows) this.wake(log, log.isAwaited)
    })
    return outcomes.includes('again')
  }
}
