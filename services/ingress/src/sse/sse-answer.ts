import type { ServerResponse } from 'node:http'
import { failure, type JobFailure } from '@switchyard/contract/broker-error'
import { eventsUrl } from '@switchyard/contract/job-object'
import { type LogEntry, toSse } from '@switchyard/contract/log-entry'
import { type Answering, answeringHeaders } from '../answer-headers.ts'
import { failureHeaders, type Headers } from '../failure-headers.ts'

/** More than this unsent when more comes, and the reader is cut: it can resume, we can't hold everybody's past. */
export const MAX_BUFFERED_BYTES = 256 * 1024
/** A log that is read again goes out in pieces, each once the one before has left. */
const PIECE_CHARS = 64 * 1024
const STALLED_MS = 5_000
const FLUSH_MS = 30_000
export const KEEP_ALIVE_MS = 15_000
const KEEP_ALIVE = ': keep-alive\n\n'

const EVENT_STREAM = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

/**
 * One answer of server-sent events. States: *held* (nothing sent yet, a failure can still have its own status) → *open* (200,
 * events go out as they come) → *ended* (the terminal event is written) → *closed* (the socket is gone or done). It ends cleanly
 * after the terminal event only: drained, too slow, or gone wrong, its socket is destroyed, so that no SDK takes it for whole.
 */
export class SseAnswer {
  readonly jobId: string
  readonly #res: ServerResponse
  readonly #holdMs: number
  readonly #onClose: () => void
  readonly #headers: Headers
  readonly #bornAtMs = performance.now()
  #state: 'held' | 'open' | 'ended' | 'closed' = 'held'
  #answering: Answering | null = null
  /** Of a large catch-up, what did not go out yet; live events queue behind it. */
  #backlog: LogEntry[] = []
  #queuedLiveChars = 0
  #endAfterBacklog = false
  #headIsOut = false
  #awaitsDrain = false
  #movedAtMs = this.#bornAtMs
  /** Counted for the trace. */
  events = 0

  /**
   * `holdMs`: how long a failure can still have its own status; 0 shows the log as it is, failures too. `onClose` is called once,
   * when nothing can be written any more, whoever ended it.
   */
  constructor(res: ServerResponse, options: { jobId: string; holdMs: number; headers?: Headers; onClose: () => void }) {
    this.jobId = options.jobId
    this.#res = res
    this.#holdMs = options.holdMs
    this.#headers = options.headers ?? {}
    this.#onClose = options.onClose
    res.on('close', () => this.#closed())
    res.on('error', () => {})
    // Gone before we came: its 'close' is over.
    if (res.destroyed) queueMicrotask(() => this.#closed())
  }

  get isHeld(): boolean {
    return this.#state === 'held'
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  answering(answering: Answering): void {
    if (this.#state === 'held') this.#answering = answering
  }

  open(): void {
    if (this.#state !== 'held') return
    this.#writeHead()
    this.#res.flushHeaders()
    this.#headIsOut = true
  }

  /** Writes what one turn of the relay brought, in one write. A failure that comes first waits for `end`, which has its status. */
  write(entries: LogEntry[]): void {
    if (this.#state === 'held') {
      const first = entries[0]!.terminal
      if (first !== null && first !== 'completed' && this.#holdMs > 0) return
      this.#writeHead()
    }
    if (this.#state !== 'open') return
    this.events += entries.length
    if (entries.at(-1)!.terminal !== null) this.#holdTurn()
    if (this.#backlog.length > 0) {
      for (const entry of entries) this.#queuedLiveChars += entry.data.length
      if (this.#queuedLiveChars > MAX_BUFFERED_BYTES) this.cut()
      else this.#backlog = this.#backlog.concat(entries)
    } else if (this.#res.writableLength > MAX_BUFFERED_BYTES) {
      this.cut()
    } else if (entries.length === 1) {
      this.#send(toSse(entries[0]!))
    } else {
      this.#backlog = entries
      this.#pump()
    }
  }

  /** The terminal event was given to `write`; or nothing was, and the job ended with this failure. */
  end(reason: JobFailure | null): void {
    if (this.#state === 'held') {
      if (reason) this.fail(reason)
      else this.open()
    }
    if (this.#state !== 'open') return
    if (this.#backlog.length > 0) {
      this.#endAfterBacklog = true
      return
    }
    this.#state = 'ended'
    this.#movedAtMs = performance.now()
    this.#res.end()
  }

  /** The job can't be followed. Still held: an answer with its own status. Later: an `error` event, and the socket is destroyed. */
  fail(reason: JobFailure): void {
    if (this.#state === 'held') {
      this.#state = 'ended'
      const body = JSON.stringify({ error: reason.error })
      this.#res.writeHead(reason.status, {
        ...failureHeaders(reason),
        ...answeringHeaders(this.jobId, this.#answering),
        ...this.#headers,
      })
      this.#res.end(body)
    } else if (this.#state === 'open') {
      this.interrupt()
    }
  }

  /** This process stops serving the stream, the job goes on: the reader is told where to resume. */
  interrupt(): void {
    const code = this.#state === 'held' ? 'service_unavailable' : 'stream_interrupted'
    const reason = failure(code, 'This server stopped serving the stream. The job goes on: follow it at events_url.', {
      retryAfterMs: 1_000,
    })
    const error = { ...reason.error, events_url: eventsUrl(this.jobId) }
    if (this.#state === 'held') this.fail({ ...reason, error })
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.#movedAtMs = performance.now()
    this.#res.write(`event: error\ndata: ${JSON.stringify({ error })}\n\n`, () => this.cut())
  }

  cut(): void {
    this.#res.destroy()
    this.#closed()
  }

  /** Called every half second or so. */
  tick(nowMs: number): void {
    const silentMs = nowMs - this.#movedAtMs
    if (this.#state === 'held') {
      if (nowMs - this.#bornAtMs < this.#holdMs) return
      this.open()
      this.#send(KEEP_ALIVE)
    } else if (this.#state === 'ended') {
      if (silentMs > FLUSH_MS) this.cut()
    } else if (this.#backlog.length > 0) {
      if (silentMs > STALLED_MS) this.cut()
      else this.#pump()
    } else if (this.#state === 'open' && silentMs >= KEEP_ALIVE_MS) {
      if (this.#res.writableLength > MAX_BUFFERED_BYTES) this.cut()
      else this.#send(KEEP_ALIVE)
    }
  }

  #pump(): void {
    while (this.#backlog.length > 0 && this.#res.writableLength < PIECE_CHARS) {
      let text = ''
      let taken = 0
      while (taken < this.#backlog.length && text.length < PIECE_CHARS) text += toSse(this.#backlog[taken++]!)
      this.#backlog = taken === this.#backlog.length ? [] : this.#backlog.slice(taken)
      this.#send(text)
    }
    if (this.#backlog.length > 0) {
      this.#pumpOnDrain()
      return
    }
    this.#queuedLiveChars = 0
    if (this.#endAfterBacklog && this.#state === 'open') this.end(null)
  }

  #pumpOnDrain(): void {
    if (this.#awaitsDrain) return
    this.#awaitsDrain = true
    const writable = this.#res.socket ?? this.#res
    writable.once('drain', () => {
      this.#awaitsDrain = false
      this.#pump()
    })
  }

  #writeHead(): void {
    this.#state = 'open'
    this.#res.writeHead(200, {
      ...answeringHeaders(this.jobId, this.#answering),
      ...this.#headers,
      ...EVENT_STREAM,
    })
  }

  /**
   * Node hands a chunk to the socket as three pieces, corked and uncorked: 7.8 µs. Framed here and written as one text it is 4.7,
   * fifty times per answer. Not before the head is out, and not while an earlier answer of a pipelined connection has the socket.
   */
  #send(text: string): void {
    this.#movedAtMs = performance.now()
    const { socket, chunkedEncoding } = this.#res
    if (this.#headIsOut && chunkedEncoding && socket !== null) {
      const bytes = Buffer.byteLength(text)
      // Of as many bytes as characters: nothing to encode.
      socket.write(`${bytes.toString(16)}\r\n${text}\r\n`, bytes === text.length ? 'latin1' : 'utf8')
    } else {
      this.#res.write(text)
      this.#headIsOut = true
    }
  }

  /** The last event and the end of the answer come in one turn: they leave in one write. */
  #holdTurn(): void {
    const { socket } = this.#res
    if (socket === null) return
    socket.cork()
    process.nextTick(() => socket.uncork())
  }

  #closed(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#backlog = []
    this.#onClose()
  }
}
