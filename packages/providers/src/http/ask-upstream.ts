import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { classifyError } from '../classify-error.ts'
import type { ProviderKind } from '../provider-kind.ts'
import { type RateLimitFacts, rateLimitFacts } from '../rate-limit-facts.ts'
import type { Transport } from '../transport.ts'
import { type ExchangeRequest, openExchange } from './exchange.ts'
import { exchangeFailure } from './exchange-failure.ts'
import { judgeHead } from './judge-head.ts'
import { createSseDecoder, type SseEvent } from './sse-decoder.ts'

export interface AskRequest extends ExchangeRequest {
  kind: ProviderKind
  /** Sent as `x-client-request-id`; a server that echoes another one has mixed up its answers. */
  attemptId: string
}

/** What the reader of a stream may do while it handles an event. */
export interface StreamControl {
  /** The terminal marker was seen: the answer is complete. */
  complete(): void
  fail(failure: AttemptFailure): void
  /** Something was shown to the user. */
  content(): void
  readonly sawContent: boolean
}

export interface StreamReader {
  /** A 2xx with an event stream has begun. */
  begun?(control: StreamControl): void
  /** A promise holds the reading until it is kept. May not throw. */
  event(event: SseEvent, control: StreamControl): void | Promise<void>
  /** May the stream end here, with the body? Only for dialects whose last event does not say that it is the last. */
  mayEnd?(): boolean
}

export type Answer =
  | {
      ok: true
      status: number
      headers: IncomingHttpHeaders
      learned: RateLimitFacts /** The JSON body; empty for a stream. */
      text: string
    }
  | { ok: false; status: number | null; learned: RateLimitFacts; failure: AttemptFailure; sawContent: boolean }

const MAX_ERROR_BYTES = 256 * 1024

/**
 * One call upstream, to its end. With a `reader` an event stream is asked for and read event by event, without one a JSON body.
 * Every way to fail is a value; the answer is ok only when its own end marker was seen.
 */
export async function askUpstream(
  transport: Transport,
  request: AskRequest,
  reader: StreamReader | null,
): Promise<Answer> {
  const call = new UpstreamCall(transport, request, reader)
  return call.run(transport)
}

/** States: *asking* → *events* | *json* | *error body* → over. `failure` is set at most once and ends the call. */
class UpstreamCall implements StreamControl {
  sawContent = false
  private readonly request: AskRequest
  private readonly reader: StreamReader | null
  private readonly decoder
  private mode: 'events' | 'collect' | 'error' = 'collect'
  private status: number | null = null
  private headers: IncomingHttpHeaders = {}
  private failure: AttemptFailure | null = null
  private completed = false
  private over = false
  private collected: Buffer[] = []
  private collectedBytes = 0
  private exchange: ReturnType<typeof openExchange> | null = null

  constructor(transport: Transport, request: AskRequest, reader: StreamReader | null) {
    this.request = request
    this.reader = reader
    this.decoder = reader === null ? null : createSseDecoder(transport.maxEventBytes)
  }

  async run(transport: Transport): Promise<Answer> {
    this.exchange = openExchange(transport, this.request, this)
    const end = await this.exchange.ended
    this.over = true
    const learned = rateLimitFacts(this.headers)
    const { status, sawContent } = this
    const body = Buffer.concat(this.collected)
    if (end.how !== 'aborted' && this.mode === 'error' && status !== null && this.failure === null) {
      this.failure = classifyError(this.request.kind, status, this.headers, body.toString('utf8'))
      if (this.failure.retryAfterMs !== undefined) learned.retryAfterMs ??= this.failure.retryAfterMs
    }
    if (this.mode === 'collect' && end.how === 'whole' && !isUtf8(body)) {
      this.failure ??= { class: 'server', message: 'the answer is not valid UTF-8', status }
    }
    if (this.failure === null && status !== null && this.isComplete(end.how)) {
      return { ok: true, status, headers: this.headers, learned, text: body.toString('utf8') }
    }
    const failure = this.failure ?? exchangeFailure(end, { streaming: this.reader !== null, status, sawContent })
    return { ok: false, status, learned, failure, sawContent }
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.status = status
    this.headers = headers
    const verdict = judgeHead(status, headers, this.reader === null ? 'json' : 'events', this.request.attemptId)
    if (verdict !== 'answer' && verdict !== 'error') {
      this.fail(verdict)
      return
    }
    this.mode = verdict === 'error' ? 'error' : this.reader === null ? 'collect' : 'events'
    if (this.mode === 'events') this.reader?.begun?.(this)
  }

  bytes(chunk: Buffer): void | Promise<void> {
    if (this.mode === 'events' && this.decoder !== null) return this.deliver(this.decoder.push(chunk), 0)
    this.collected.push(chunk)
    this.collectedBytes += chunk.length
    // Enough of an error to classify it; nobody needs a megabyte of HTML.
    if (this.mode === 'error' && this.collectedBytes > MAX_ERROR_BYTES) this.exchange?.giveUp()
  }

  complete(): void {
    this.completed = true
    this.exchange?.enough()
  }

  fail(failure: AttemptFailure): void {
    this.failure ??= failure
    this.exchange?.giveUp()
  }

  content(): void {
    if (this.sawContent) return
    this.sawContent = true
    this.exchange?.content()
  }

  private deliver(events: SseEvent[], from: number): void | Promise<void> {
    for (let i = from; i < events.length; i++) {
      if (this.over || this.completed || this.failure !== null) return
      const event = events[i]
      const wait = event === undefined ? undefined : this.reader?.event(event, this)
      if (wait !== undefined) return wait.then(() => this.deliver(events, i + 1))
    }
    const fault = this.decoder?.fault ?? null
    if (fault !== null && !this.completed) {
      this.fail({
        class: 'broken_stream',
        message:
          fault === 'invalid_utf8'
            ? 'the stream is not valid UTF-8'
            : 'one event of the stream is larger than is allowed',
        status: this.status,
      })
    }
  }

  private isComplete(how: string): boolean {
    if (this.completed) return true
    if (this.mode === 'events') return how !== 'aborted' && (this.reader?.mayEnd?.() ?? false)
    return how === 'whole'
  }
}
