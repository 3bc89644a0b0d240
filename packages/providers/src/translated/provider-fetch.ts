import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatCall } from '../chat-call.ts'
import { type Answer, type AskRequest, askUpstream, type StreamControl } from '../http/ask-upstream.ts'
import type { ProviderError } from '../read-error-body.ts'
import type { Transport } from '../transport.ts'
import type { RawDialect } from './raw-dialect.ts'

/** The one HTTP call of an attempt, in the shape that the SDK wants it. */
export interface ProviderFetch {
  fetch: typeof globalThis.fetch
  /** Something was shown: the first-token limit is met. */
  shown(): void
  /** Nobody reads on. */
  abandon(): void
  /** Set before the call; throws if what the SDK made of the request must not be sent. */
  check: (body: string) => void
  /** The call is over; null if the SDK never made it. Does not resolve before. */
  answer(): Promise<Answer | null>
  /** An error event of the stream, to be classified when it is known what was shown. */
  streamError(): ProviderError | null
}

/** Bytes that may wait for the SDK before we stop reading. */
const QUEUE_BYTES = 256 * 1024
/** How long figures may still come after the last event of a dialect that ends with its body. */
const LINGER_MS = 2_000

/**
 * A `fetch` on our transport: our limits, our abort, our headers, one call only, and only to the deployment's own base URL.
 * The dialect reads every event before the SDK does. Whatever goes wrong, the SDK sees a stream that just ends, so that it
 * translates all that came before; the verdict is in `answer()`, never in what the SDK makes of an early end.
 */
export function createProviderFetch(
  transport: Transport,
  call: ChatCall,
  dialect: RawDialect,
  streaming: boolean,
): ProviderFetch {
  let answer: Promise<Answer> | null = null
  let control: StreamControl | null = null
  let error: ProviderError | null = null

  const stream = (request: AskRequest): Promise<Response> =>
    new Promise((resolve, reject) => {
      let last = false
      let linger: NodeJS.Timeout | undefined
      let wake: () => void = () => {}
      const text = new TextEncoder()
      let queue: ReadableStreamDefaultController<Uint8Array> | undefined
      const body = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            queue = controller
          },
          pull: () => wake(),
          cancel() {
            wake()
            control?.fail(NOT_READ)
          },
        },
        { highWaterMark: QUEUE_BYTES, size: (chunk) => chunk?.byteLength ?? 1 },
      )
      const asked = askUpstream(transport, request, {
        begun(streamControl) {
          control = streamControl
          resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
        },
        mayEnd: () => last,
        event({ data }, streamControl) {
          if (data === '' || data === '[DONE]') return
          const event = dialect.event(data)
          switch (event.kind) {
            case 'skip':
              return
            case 'error':
              error = event.error
              return streamControl.fail(NOT_READ)
            case 'failure':
              return streamControl.fail(event.failure)
            case 'pass':
              queue?.enqueue(text.encode(`data: ${event.line}\n\n`))
              if (event.last && !dialect.endsWithBody) return streamControl.complete()
              if (event.last && !last) {
                last = true
                linger = setTimeout(() => streamControl.complete(), LINGER_MS)
              }
              if ((queue?.desiredSize ?? 1) > 0) return
              return new Promise<void>((resume) => {
                wake = resume
              })
          }
        },
      })
      answer = asked
      asked.then((end) => {
        clearTimeout(linger)
        if (!end.ok) reject(new Error('the call failed'))
        try {
          if (!end.ok && end.failure.class === 'cancelled') queue?.error(new Error('the call was aborted'))
          else queue?.close()
        } catch {
          // The SDK has let go of the stream already.
        }
      }, reject)
    })

  const whole = async (request: AskRequest): Promise<Response> => {
    answer = askUpstream(transport, request, null).then((end): Answer => {
      if (!end.ok) return end
      const body = dialect.body(end.text)
      if ('text' in body) return { ...end, text: body.text }
      return { ok: false, status: end.status, learned: end.learned, failure: body, sawContent: false }
    })
    const end = await answer
    if (!end.ok) throw new Error('the call failed')
    return new Response(end.text, { headers: { 'content-type': 'application/json' } })
  }

  const http: ProviderFetch = {
    check: () => {},
    async fetch(input, init) {
      if (answer !== null) throw new Error('an attempt is one call')
      const request = askRequest(call, String(input), init, streaming)
      http.check(request.body)
      return streaming ? stream(request) : whole(request)
    },
    shown: () => control?.content(),
    abandon: () => control?.fail(NOT_READ),
    answer: async () => answer,
    streamError: () => error,
  }
  return http
}

const NOT_READ: AttemptFailure = { class: 'broken_stream', message: 'the stream could not be read', status: 200 }

function askRequest(
  call: ChatCall,
  url: string,
  init: RequestInit | undefined,
  streaming: boolean,
): AskRequest & { body: string } {
  const { upstream } = call
  if (!url.startsWith(`${upstream.baseUrl}/`)) throw new Error('not a URL of this deployment')
  if (typeof init?.body !== 'string') throw new Error('not a JSON request')
  const headers: Record<string, string> = {}
  new Headers(init.headers).forEach((value, name) => {
    headers[name] = value
  })
  if (upstream.apiKey === null) {
    delete headers['x-api-key']
    delete headers['x-goog-api-key']
  }
  return {
    kind: upstream.kind,
    attemptId: call.attemptId,
    url,
    headers: {
      ...headers,
      accept: streaming ? 'text/event-stream' : 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'switchyard',
      'x-client-request-id': call.attemptId,
    },
    body: init.body,
    signal: call.signal,
    limits: {
      firstTokenMs: streaming ? upstream.timeouts.firstTokenMs : null,
      idleMs: upstream.timeouts.idleMs,
      totalMs: upstream.timeouts.totalMs,
    },
  }
}
