import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, type Reply } from '@switchyard/redis/pipeline'
import { jobKeys } from './keys.ts'
import type { FrameNote } from './live-frame.ts'
import type { LivePublisher } from './live-publisher.ts'
import type { Reader } from './readers.ts'

interface Pending {
  log: JobLog
  seq: number
  data: string
  note: FrameNote | null
}

/** While this much of one job waits to be stored, its provider is not read on. */
const HIGH_WATER_CHARS = 256 * 1024

/**
 * Appends events of all jobs of this process. Stored before shown: one pipeline takes everything pending, and what Redis
 * acknowledged is then published. At most one flush is in flight and there is no timer, so batches grow with load by themselves.
 * Entries are plain XADDs with id `<fence>-<seq + 1>`: Redis itself refuses a writer whose fence is older than the last entry's.
 */
export class LogWriter {
  #redis: RedisClient
  #publisher: LivePublisher
  #pending: Pending[] = []
  #flushing = false
  #scheduled = false

  constructor(redis: RedisClient, publisher: LivePublisher) {
    this.#redis = redis
    this.#publisher = publisher
  }

  /** A log to append to under one fence, from `nextSeq` on. `onFenced` is called once when a newer owner or the job's end refuses us. */
  open(jobId: string, options: { fence: number; nextSeq: number; readers: Reader[]; onFenced: () => void }): JobLog {
    return new JobLog(this, jobId, options)
  }

  /** @internal */
  push(pending: Pending): void {
    this.#pending.push(pending)
    if (this.#flushing || this.#scheduled) return
    this.#scheduled = true
    // After the poll phase: everything that this turn's sockets brought goes into one pipeline.
    setImmediate(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    this.#scheduled = false
    this.#flushing = true
    try {
      while (this.#pending.length > 0) {
        const batch = this.#pending
        this.#pending = []
        await this.#store(batch)
      }
    } finally {
      this.#flushing = false
    }
  }

  async #store(batch: Pending[]): Promise<void> {
    const commands: Command[] = batch.map(({ log, seq, data }) => ({
      key: log.eventsKey,
      command: 'xadd',
      args: [log.eventsKey, 'NOMKSTREAM', `${log.fence}-${seq + 1}`, 'd', data],
    }))
    let replies: Reply[]
    try {
      replies = await pipelineBySlot(this.#redis, commands)
    } catch (error) {
      // The connection is closed for good: nothing can be stored, nothing may be shown.
      replies = batch.map(() => ({ error: error as Error, value: null }))
    }
    for (let i = 0; i < batch.length; i++) {
      const { log, seq, data, note } = batch[i]!
      const { error, value } = replies[i]!
      if (error === null && value !== null) {
        this.#publisher.show(
          { jobId: log.jobId, fence: log.fence, entry: { seq, event: null, data, terminal: null }, note },
          log.readers.values(),
        )
      } else if (error === null || !(await this.#isStored(log, seq, error))) {
        log.refuse()
      }
      log.stored(data.length)
    }
  }

  /** ioredis sends again what a broken connection left unanswered; the second time Redis refuses an id that we stored ourselves. */
  async #isStored(log: JobLog, seq: number, error: Error): Promise<boolean> {
    if (!error.message.includes('equal or smaller')) return false
    const last = await this.#redis.xrevrange(log.eventsKey, '+', '-', 'COUNT', 1)
    const [fence, number] = (last[0]?.[0] ?? '0-0').split('-').map(Number) as [number, number]
    return fence === log.fence && number >= seq + 1
  }
}

/** The log of one job under one fence. */
export class JobLog {
  readonly jobId: string
  readonly fence: number
  readonly eventsKey: string
  readonly readers: Map<string, Reader>
  #writer: LogWriter
  #nextSeq: number
  #pendingEntries = 0
  #pendingChars = 0
  #refused = false
  #onFenced: () => void
  #waiters: { below: number; resolve: () => void }[] = []

  constructor(
    writer: LogWriter,
    jobId: string,
    options: { fence: number; nextSeq: number; readers: Reader[]; onFenced: () => void },
  ) {
    this.#writer = writer
    this.jobId = jobId
    this.fence = options.fence
    this.eventsKey = jobKeys(jobId).events
    this.#nextSeq = options.nextSeq
    this.#onFenced = options.onFenced
    this.readers = new Map(options.readers.map((reader) => [reader.id, reader]))
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  get refused(): boolean {
    return this.#refused
  }

  /** Appends one data line. A promise when too much is waiting: await it before reading on from the provider. */
  append(data: string, note: FrameNote | null = null): Promise<void> | undefined {
    if (this.#refused) return undefined
    this.#pendingEntries++
    this.#pendingChars += data.length
    this.#writer.push({ log: this, seq: this.#nextSeq++, data, note })
    return this.#pendingChars > HIGH_WATER_CHARS ? this.#until(HIGH_WATER_CHARS / 2) : undefined
  }

  /** Resolves once everything appended is stored (or refused). */
  async flushed(): Promise<void> {
    if (this.#pendingEntries > 0) await this.#until(-1)
  }

  /** Readers as the last renewal saw them; those that attached since then told us themselves. */
  setReaders(readers: Reader[]): void {
    this.readers.clear()
    for (const reader of readers) this.readers.set(reader.id, reader)
  }

  addReader(reader: Reader): void {
    this.readers.set(reader.id, reader)
  }

  /** @internal */
  refuse(): void {
    if (this.#refused) return
    this.#refused = true
    this.#onFenced()
  }

  /** @internal */
  stored(chars: number): void {
    this.#pendingEntries--
    this.#pendingChars -= chars
    if (this.#waiters.length === 0) return
    this.#waiters = this.#waiters.filter(({ below, resolve }) => {
      if (this.#pendingEntries > 0 && this.#pendingChars > below) return true
      resolve()
      return false
    })
  }

  #until(below: number): Promise<void> {
    return new Promise((resolve) => this.#waiters.push({ below, resolve }))
  }
}
