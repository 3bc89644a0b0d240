import { jobKeys } from './keys.ts'
import type { FrameNote } from './live-frame.ts'
import type { LogPlace, LogRow } from './log-row.ts'
import type { Reader } from './readers.ts'
import type { RowOutcome } from './store-rows.ts'

/** While this much of one job waits to be stored, its provider is not read on. */
const HIGH_WATER_CHARS = 256 * 1024
/** A row takes no further line that would make it larger, so that no flush of many jobs is held up by one. */
const ROW_CHARS = 64 * 1024

/** What stores the rows of all logs. */
export interface Flusher {
  /** The log has a row to be taken with those of others. */
  wake(log: JobLog): void
  /** The same, at the end of this turn. */
  hurry(log: JobLog): void
  /** The same, at once. */
  flushNow(log: JobLog): void
}

export interface LogOptions {
  fence: number
  nextSeq: number
  readers: Reader[]
  /** Called once when a newer owner or the job's end refuses us. */
  onFenced: () => void
}

/**
 * The log of one job under one fence. Lines gather in a row until it is taken; one row at a time is on its way, so that none is ever
 * stored behind a lost one: that would be a gap that can't be closed any more.
 */
export class JobLog implements LogPlace {
  readonly jobId: string
  readonly fence: number
  readonly eventsKey: string
  #flusher: Flusher
  #nextSeq: number
  #readers: Map<string, Reader>
  #audience: string[] = []
  /** Not stored yet, the oldest first. */
  #rows: LogRow[] = []
  #onItsWay = false
  #pendingChars = 0
  #refused = false
  #onFenced: () => void
  #waiters: { below: number; resolve: () => void }[] = []

  constructor(flusher: Flusher, jobId: string, options: LogOptions) {
    this.#flusher = flusher
    this.jobId = jobId
    this.fence = options.fence
    this.eventsKey = jobKeys(jobId).events
    this.#nextSeq = options.nextSeq
    this.#onFenced = options.onFenced
    this.#readers = new Map()
    this.setReaders(options.readers)
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  get refused(): boolean {
    return this.#refused
  }

  get audience(): readonly string[] {
    return this.#audience
  }

  /**
   * Appends one data line. A promise when too much is waiting: await it before reading on from the provider. A line end within would
   * make two events of it; between the tokens of JSON, the only place where it can stand, it is a space.
   */
  append(data: string, note: FrameNote | null = null): Promise<void> | undefined {
    if (this.#refused) return undefined
    const line = data.includes('\n') ? data.replaceAll('\n', ' ') : data
    const seq = this.#nextSeq++
    const open = this.#rows.at(-1)
    // A note is told with the row's first line.
    if (open && !open.closed && note === null && open.data.length + line.length < ROW_CHARS) {
      open.seq = seq
      open.count++
      open.data += `\n${line}`
    } else {
      this.#rows.push({ log: this, seq, count: 1, data: line, note, closed: false, unsure: false })
    }
    this.#pendingChars += line.length + 1
    if (note === null) this.#flusher.wake(this)
    else this.#flusher.hurry(this)
    return this.#pendingChars > HIGH_WATER_CHARS ? this.#until(HIGH_WATER_CHARS / 2) : undefined
  }

  /** Resolves once everything appended is stored (or refused). */
  async flushed(): Promise<void> {
    if (this.#rows.length === 0) return
    this.#flusher.hurry(this)
    await this.#until(-1)
  }

  /**
   * Sends what waits without waiting for this turn's end, so that it is on the wire before any command that follows. Where a row of
   * this log is on its way already, the rest goes once that is stored. Resolves as `flushed` does.
   */
  async flushNow(): Promise<void> {
    if (this.#rows.length === 0) return
    this.#flusher.flushNow(this)
    await this.#until(-1)
  }

  /** Readers as the last renewal saw them; those that attached since then told us themselves. */
  setReaders(readers: Reader[]): void {
    this.#readers = new Map(readers.map((reader) => [reader.id, reader]))
    this.#listen()
  }

  addReader(reader: Reader): void {
    this.#readers.set(reader.id, reader)
    this.#listen()
  }

  /** Nothing of it is stored any more, nobody is told: its owner has given it up. */
  abandon(): void {
    this.#refused = true
    this.#drop()
  }

  /** @internal The row to be stored next, if there is one and none is on its way. */
  take(): LogRow | null {
    const row = this.#rows[0]
    if (row === undefined || this.#onItsWay) return null
    this.#onItsWay = true
    row.closed = true
    return row
  }

  /** @internal What became of the row that was taken. */
  conclude(outcome: RowOutcome): void {
    this.#onItsWay = false
    if (outcome === 'again') {
      // In front, and as it is.
      this.#rows[0]!.unsure = true
      if (this.#refused) this.#drop()
      return
    }
    this.#pendingChars -= this.#rows.shift()!.data.length + 1
    if (outcome === 'refused' && !this.#refused) {
      this.#refused = true
      this.#onFenced()
    }
    if (this.#refused) this.#drop()
    else this.#wakeWaiters()
  }

  /** @internal */
  get hasRows(): boolean {
    return this.#rows.length > 0
  }

  /** @internal Somebody can't go on before all of it is stored. */
  get isAwaited(): boolean {
    return this.#waiters.some(({ below }) => below < 0)
  }

  #listen(): void {
    this.#audience = []
    for (const { id, interest } of this.#readers.values()) if (interest === 'all') this.#audience.push(id)
  }

  /** What is on its way can't be called back. */
  #drop(): void {
    this.#rows = this.#onItsWay ? this.#rows.slice(0, 1) : []
    this.#pendingChars = this.#rows.reduce((chars, { data }) => chars + data.length + 1, 0)
    this.#wakeWaiters()
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0) return
    this.#waiters = this.#waiters.filter(({ below, resolve }) => {
      if (this.#rows.length > 0 && this.#pendingChars > below) return true
      resolve()
      return false
    })
  }

  #until(below: number): Promise<void> {
    return new Promise((resolve) => this.#waiters.push({ below, resolve }))
  }
}
