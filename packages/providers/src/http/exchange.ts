import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Transport } from '../transport.ts'
import { type CallClock, type CallLimits, type Limit, startCallClock } from './call-clock.ts'

export interface ExchangeRequest {
  url: string
  headers: Record<string, string>
  body: string | Uint8Array
  signal: AbortSignal
  limits: CallLimits
}

/** Takes the answer as it comes. Neither may throw. */
export interface ExchangeReader {
  head(status: number, headers: IncomingHttpHeaders): void
  /** A promise stops the reading until it is kept. */
  bytes(chunk: Buffer): void | Promise<void>
}

/** How one POST ended. `whole`: the body ended as HTTP says; `enough`: the reader needs no more; `given_up`: it wants no more. */
export type ExchangeEnd =
  | { how: 'whole' | 'enough' | 'given_up' | 'aborted' | 'too_large' }
  | { how: 'late'; limit: Limit }
  | { how: 'unreachable' | 'cut'; code: string }

export interface Exchange {
  ended: Promise<ExchangeEnd>
  /** The answer is complete: settle now, and read the last bytes in the background so that the socket can be used again. */
  enough(): void
  /** Settle now and destroy the socket. */
  giveUp(): void
  content(): void
}

const DRAIN_MS = 1_000
const DRAIN_BYTES = 64 * 1024

/** One POST over the transport: no retry, no redirect, every limit kept, the socket destroyed as soon as the signal aborts. */
export function openExchange(transport: Transport, request: ExchangeRequest, reader: ExchangeReader): Exchange {
  return new PostExchange(transport, request, reader)
}

/**
 * States: *waiting* (no head yet) → *reading* ⇄ *held* (the reader's promise is pending) → *settled*. After `enough` a settled
 * exchange still *drains*: its bytes are thrown away, bounded in time and size. Whatever happens while held is kept in
 * `pendingEnd` until the reader has what it was given; only an abort and the clock do not wait.
 */
class PostExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly ended: Promise<ExchangeEnd>
  private readonly reader: ExchangeReader
  private readonly signal: AbortSignal
  private readonly clock: CallClock
  private readonly maxBytes: number
  private settle: (end: ExchangeEnd) => void = () => {}
  private controller: Dispatcher.DispatchController | null = null
  private settled = false
  private destroyed = false
  private reading = false
  private held = false
  private pendingEnd: ExchangeEnd | null = null
  private received = 0
  private drain: NodeJS.Timeout | undefined
  private readonly onAbort = () => this.finish({ how: 'aborted' })

  constructor(transport: Transport, request: ExchangeRequest, reader: ExchangeReader) {
    this.reader = reader
    this.signal = request.signal
    this.maxBytes = transport.maxAnswerBytes
    this.ended = new Promise((resolve) => {
      this.settle = resolve
    })
    this.clock = startCallClock(request.limits, (limit) => this.finish({ how: 'late', limit }))
    if (request.signal.aborted) {
      this.onAbort()
      return
    }
    request.signal.addEventListener('abort', this.onAbort, { once: true })
    const url = new URL(request.url)
    try {
      transport.dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: 'POST',
          headers: request.headers,
          body:
            typeof request.body === 'string'
              ? request.body
              : Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength),
        },
        this,
      )
    } catch (error) {
      this.finish({ how: 'unreachable', code: codeOf(error) })
    }
  }

  content(): void {
    this.clock.content()
  }

  giveUp(): void {
    this.finish({ how: 'given_up' })
  }

  enough(): void {
    if (this.settled) return
    this.close({ how: 'enough' })
    this.received = 0
    this.drain = setTimeout(() => this.destroy(), DRAIN_MS)
    this.drain.unref()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.destroyed) controller.abort(new Error('the call is over'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.settled || status < 200) return
    this.reading = true
    this.clock.begun()
    this.reader.head(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.received += chunk.length
    if (this.settled) {
      if (this.received > DRAIN_BYTES) this.destroy()
      return
    }
    if (this.received > this.maxBytes) {
      this.finish({ how: 'too_large' })
      return
    }
    this.clock.touch()
    const wait = this.reader.bytes(chunk)
    if (wait === undefined || this.settled) return
    this.held = true
    controller.pause()
    this.clock.pause()
    const release = () => {
      this.held = false
      if (this.pendingEnd !== null) this.end(this.pendingEnd)
      if (this.destroyed) return
      if (!this.settled) this.clock.resume()
      controller.resume()
    }
    // A sink that rejects has lost its reader: nobody is left to give the answer to.
    wait.then(release, () => {
      this.held = false
      this.giveUp()
    })
  }

  onResponseEnd(): void {
    clearTimeout(this.drain)
    this.end({ how: 'whole' })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.drain)
    this.end({ how: this.reading ? 'cut' : 'unreachable', code: codeOf(error) })
  }

  private end(end: ExchangeEnd): void {
    if (this.held) this.pendingEnd = end
    else if (end.how === 'whole') this.close(end)
    else this.finish(end)
  }

  private finish(end: ExchangeEnd): void {
    if (this.settled) return
    this.close(end)
    this.destroy()
  }

  private close(end: ExchangeEnd): void {
    if (this.settled) return
    this.settled = true
    this.clock.stop()
    this.signal.removeEventListener('abort', this.onAbort)
    this.settle(end)
  }

  private destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    clearTimeout(this.drain)
    this.controller?.abort(new Error('the call is over'))
  }
}

/** Only the code: messages of sockets and TLS name hosts, sometimes more. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'unknown'
}
