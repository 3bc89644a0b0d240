import { setTimeout as delay } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, type Reply, scriptCommand } from '@switchyard/redis/pipeline'
import { jobKeys } from './keys.ts'
import type { FrameNote } from './live-frame.ts'
import type { LivePublisher } from './live-publisher.ts'
import type { Reader } from './readers.ts'
import { scripts } from './scripts.ts'

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
 * Entries have the id `<fence>-<seq + 1>`: Redis itself refuses a writer whose fence is older than the last entry's.
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
    while (this.#pending.length > 0) {
      const batch = this.#pending
      this.#pending = []
      const again = await this.#store(batch)
      if (again.length === 0) continue
      // Redis could not take them now (a connection lost on the way, a failover). In front, so that no log gets a gap.
      this.#pending = [...again, ...this.#pending]
      await delay(RETRY_MS)
    }
    this.#flushing = false
  }

  /** Gives back what is neither stored nor refused. */
  async #store(batch: Pending[]): Promise<Pending[]> {
    const rows = [...Map.groupBy(batch, ({ log }) => log)].filter(([log, row]) => {
      if (log.refused) for (const { data } of row) log.stored(data.length)
      return !log.refused
    })
    let replies: Reply[]
    try {
      replies = await pipelineBySlot(
        this.#redis,
        rows.map(([log, row]) => appendCommand(log, row)),
      )
    } catch (error) {
      replies = rows.map(() => ({ error: error as Error, value: null }))
    }
    const again: Pending[] = []
    rows.forEach(([log, row], i) => {
      const outcome = outcomeOf(replies[i]!)
      if (outcome === 'again') {
        log.repeats = true
        again.push(...row)
        return
      }
      log.repeats = false
      if (outcome === 'refused') log.refuse()
      for (const { seq, data, note } of row) {
        if (outcome === 'stored') {
          this.#publisher.show(
            { jobId: log.jobId, fence: log.fence, entry: { seq, event: null, data, terminal: null }, note },
            log.readers.values(),
          )
        }
        log.stored(data.length)
      }
    })
    return again
  }
}

const RETRY_MS = 50

/**
 * One entry is a plain XADD, for its speed. Several of one log go through a script, all or none: were one of them lost on the way,
 * those behind it would make a gap that can't be closed any more. A repeat goes through it too: it knows what is stored already.
 */
function appendCommand(log: JobLog, row: Pending[]): Command {
  const [{ seq, data }] = row as [Pending]
  if (row.length === 1 && !log.repeats) {
    return {
      key: log.eventsKey,
      command: 'xadd',
      args: [log.eventsKey, 'NOMKSTREAM', `${log.fence}-${seq + 1}`, 'd', data],
    }
  }
  return scriptCommand(scripts.append, [log.eventsKey], [log.fence, seq, ...row.map((pending) => pending.data)])
}

/** Refused for good: the log is gone, or a newer owner (or the end) has written. Any other error may pass: again. */
function outcomeOf({ error, value }: Reply): 'stored' | 'refused' | 'again' {
  // A plain XADD that ioredis itself sent again after a reset says so too; the script finds out which it is.
  if (error) return 'again'
  return value === null || value === 0 ? 'refused' : 'stored'
}

/** The log of one job under one fence. */
export class JobLog {
  readonly jobId: string
  readonly fence: number
  readonly eventsKey: string
  readonly readers: Map<string, Reader>
  /** @internal A row of it is sent again; it may have been stored the first time. */
  repeats = false
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

  /** Nothing of it is stored any more, nobody is told: its owner has given it up. */
  abandon(): void {
    this.#refused = true
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
