import { setTimeout as delay } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Flusher, JobLog, type LogOptions } from './job-log.ts'
import type { LivePublisher } from './live-publisher.ts'
import { rowStore, type StoreRows } from './store-rows.ts'

const RETRY_MS = 50

/**
 * Appends events of all jobs of this process. Stored before shown: one flush takes everything pending, and what Redis took is shown. At
 * most one flush is in flight and there is no timer, so batches grow with load by themselves.
 */
export class LogWriter implements Flusher {
  #store: StoreRows
  /** Logs with something to store. */
  #waiting = new Set<JobLog>()
  #flushing = false
  #scheduled = false

  constructor(redis: RedisClient, publisher: LivePublisher) {
    this.#store = rowStore(redis, publisher)
  }

  /** A log to append to under one fence, from `nextSeq` on. */
  open(jobId: string, options: LogOptions): JobLog {
    return new JobLog(this, jobId, options)
  }

  /** @internal */
  wake(log: JobLog): void {
    this.#waiting.add(log)
    if (this.#flushing || this.#scheduled) return
    this.#scheduled = true
    // After the poll phase: everything that this turn's sockets brought goes into one flush.
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#flushing) void this.#flush()
    })
  }

  /** @internal */
  flushNow(log: JobLog): void {
    if (this.#flushing) void this.#send([log])
    else void this.#flush()
  }

  async #flush(): Promise<void> {
    this.#flushing = true
    while (this.#waiting.size > 0) {
      const logs = [...this.#waiting]
      this.#waiting.clear()
      // Redis could not take them now: a connection lost on the way, a failover.
      if (await this.#send(logs)) await delay(RETRY_MS)
    }
    this.#flushing = false
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
      if (log.hasRows) this.wake(log)
    })
    return outcomes.includes('again')
  }
}
