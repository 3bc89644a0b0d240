import type { BrokerError } from '@switchyard/contract/broker-error'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { type AttemptStart, entriesOf, type Frame, type JobSummary } from './live-frame.ts'
import type { StoredResult } from './read-result.ts'

/** How a job ended, and its answer where the last frame carried it (else `readResult`). */
export interface JobEnd extends JobSummary {
  result: StoredResult | null
}

/** What one caller wants to hear of a job. Without `onEntries` only the end is of interest. */
export interface FollowListener {
  /** Which deployment answers, before its first entry, when known. */
  onStart?(start: AttemptStart): void
  /** In order and without a gap from `after + 1` on; everything that one turn brought, in one call. */
  onEntries?(entries: LogEntry[]): void
  /** Once, after the terminal entry. */
  onEnd(end: JobEnd): void
  /** It can't be followed (any more). */
  onGone(error: BrokerError): void
}

/**
 * One caller's place in one log. Frames that continue it are handed on at once; a gap means that something was missed: frames
 * are kept until the log has been read up to them.
 */
export class Follower {
  readonly jobId: string
  readonly listener: FollowListener
  readonly wantsEntries: boolean
  /** Entry id (`<fence>-<seq + 1>`) of the last entry handed on, null before the first. */
  lastId: string | null = null
  next: number
  /** The log is being read; frames wait in `#kept`. */
  reading = false
  done = false
  #kept: Frame[] = []
  #batch: LogEntry[] = []
  #end: JobEnd | null = null
  #started = ''

  constructor(jobId: string, after: number, listener: FollowListener) {
    this.jobId = jobId
    this.next = after + 1
    this.listener = listener
    this.wantsEntries = listener.onEntries !== undefined
  }

  /** Takes a frame. 'gap': something before it was missed, read the log. */
  take(frame: Frame): 'taken' | 'gap' {
    if (this.done) return 'taken'
    if (this.reading) {
      this.#kept.push(frame)
      return 'taken'
    }
    const { seq, count, terminal, note } = frame
    if (this.wantsEntries) {
      if (seq < this.next) return 'taken'
      const skipped = this.next - (seq + 1 - count)
      if (skipped < 0) {
        this.#kept.push(frame)
        return 'gap'
      }
      if (note?.start) this.start(note.start)
      const entries = entriesOf(frame)
      for (let i = skipped; i < count; i++) this.#batch.push(entries[i]!)
      this.next = seq + 1
      this.lastId = `${frame.fence}-${seq + 1}`
    }
    if (terminal !== null) {
      if (!note?.end) return 'gap'
      this.#end = { ...note.end, result: note.body === undefined ? null : { status: 200, body: note.body } }
    }
    return 'taken'
  }

  /** Takes what the log holds after our place. Gives the terminal entry's status when that is among it. */
  takeRead(entries: LogEntry[], lastId: string | null): boolean {
    let ended = false
    for (const entry of entries) {
      if (entry.terminal !== null) ended = true
      if (entry.seq < this.next) continue
      this.next = entry.seq + 1
      this.#batch.push(entry)
    }
    if (lastId !== null) this.lastId = lastId
    return ended
  }

  start(start: AttemptStart): void {
    const key = start.deployment
    if (this.#started === key) return
    this.#started = key
    this.listener.onStart?.(start)
  }

  get started(): boolean {
    return this.#started !== ''
  }

  get hasBatch(): boolean {
    return this.#batch.length > 0
  }

  finish(end: JobEnd): void {
    this.#end = end
  }

  /** Frames that came while the log was read. */
  kept(): Frame[] {
    const frames = this.#kept
    this.#kept = []
    return frames
  }

  /** Hands on what was taken since the last call. True when that was the end. */
  hand(): boolean {
    if (this.done) return false
    if (this.#batch.length > 0) {
      const entries = this.#batch
      this.#batch = []
      this.listener.onEntries?.(entries)
    }
    if (this.#end === null || this.done) return false
    this.done = true
    this.listener.onEnd(this.#end)
    return true
  }

  gone(error: BrokerError): void {
    if (this.done) return
    this.done = true
    this.listener.onGone(error)
  }
}
