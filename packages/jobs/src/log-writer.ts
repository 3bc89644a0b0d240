import { setTimeout as delay } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Flusher, JobLog, type LogOptions } from './job-log.ts'
import type { LivePublisher } from './live-publisher.ts'
import { rowStore, type StoreRows } from './store-rows.ts'

const RETRY_MS = 50

/**
 * Appends events of all jobs of this process. Stored before shown: one flush takes everything pending, and what Redis took is shown.
 * States: *idle* → *planned* → *flushing*, one at a time and without a timer, so batches grow with load by themselves. A flush is
 * planned for the end of the poll phase, also behind another one: everything that a turn's sockets bring goes into it.
 */
export class LogWriter implements Flusher {
  #store: StoreRows
  #onStored: (tookMs: number, rows: number) => void
  /** Logs with something to store. */
  #waiting = new Set<JobLog>()
  #planned = false
  #flushing = false

  /** `onStored` is told of each flush: from taking what was pending to the acknowledgement, and how many rows that were. */
  constructor(
    redis: RedisClient,
    publisher: LivePublisher,
    onStored: (tookMs: number, rows: number) => void = () => {},
  ) {
    this.#store = rowStore(redis, publisher)
    this.#onStored = onStored
  }

  /** A log to append to under one fence, from `nextSeq` on. */
  open(jobId: string, options: LogOptions): JobLog {
    return new JobLog(this, jobId, options)
  }

  /** @internal */
  wake(log: JobLog): void {
    this.#waiting.add(log)
    if (!this.#flushing) this.#plan()
  }

  /** @internal */
  flushNow(log: JobLog): void {
    if (this.#flushing) void this.#send([log])
    else void this.#flush()
  }

  #plan(): void {
    if (this.#planned) return
    this.#planned = true
    setImmediate(() => {
      this.#planned = false
      if (!this.#flushing) void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    this.#flushing = true
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
    const takenAtMs = performance.now()
    const outcomes = await this.#store(taken.map(({ row }) => row))
    this.#onStored(performance.now() - takenAtMs, taken.length)
    taken.forEach(({ log }, i) => {
      log.conclude(outcomes[i]!)
      if (log.hasRows) this.wake(log)
    })
    return outcomes.includes('again')
  }
}
