import { Agent, type Dispatcher } from 'undici'
import { checkUrl, type UrlRules } from './check-url.ts'
import { type EgressFailure, failureClass } from './failure-class.ts'
import { pinnedLookup } from './pinned-lookup.ts'
import { dnsResolve, type Resolve } from './resolve-target.ts'

/** From the look-up to the head of the answer. */
const FIRST_BYTE_MS = 10_000
const TOTAL_MS = 15_000
/** Of an answer's body; the rest is not read. Nobody looks at it, but a connection that was read to its end can be used again. */
const READ_BYTES = 16 * 1024
const HEAD_BYTES = 16 * 1024
/** Connections to one origin, across all tenants (nobody is to be flooded through us). */
export const CONNECTIONS_PER_ORIGIN = 16
const IDLE_MS = 20_000

export type EgressOutcome =
  | { kind: 'answered'; status: number; retryAfter: string | null; durationMs: number }
  | { kind: 'failed'; failure: EgressFailure; durationMs: number }

export interface EgressPost {
  url: string
  headers: Record<string, string>
  body: string
  signal?: AbortSignal
}

export interface Egress {
  /** One POST. Resolves with the head of the answer or with why there is none; never rejects, follows nothing, repeats nothing. */
  post(request: EgressPost): Promise<EgressOutcome>
  /** Ends every connection. Safe twice. */
  stop(): Promise<void>
}

export interface Patience {
  firstByteMs: number
  totalMs: number
}

/**
 * The one HTTP client for URLs that users gave: addresses checked before each request and pinned at each connection, no redirects,
 * cookies, proxies or decompression, bounds on time and bytes, a pool that no provider's credential ever touches.
 */
export function createEgress(rules: UrlRules, options: { resolve?: Resolve; patience?: Patience } = {}): Egress {
  const { resolve = dnsResolve(), patience = { firstByteMs: FIRST_BYTE_MS, totalMs: TOTAL_MS } } = options
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { lookup: pinnedLookup(resolve, rules), timeout: patience.firstByteMs },
  })
  const stopped = new AbortController()

  async function post(request: EgressPost): Promise<EgressOutcome> {
    const beganMs = performance.now()
    const verdict = checkUrl(request.url, rules)
    if (!verdict.ok) return { kind: 'failed', failure: 'url_not_allowed', durationMs: 0 }
    const clock = new AbortController()
    const firstByte = setTimeout(() => clock.abort(), patience.firstByteMs)
    const total = setTimeout(() => clock.abort(), patience.totalMs)
    const signal = AbortSignal.any([clock.signal, stopped.signal, ...(request.signal ? [request.signal] : [])])
    let answer: Dispatcher.ResponseData | null = null
    try {
      answer = await agent.request({
        origin: verdict.url.origin,
        path: `${verdict.url.pathname}${verdict.url.search}`,
        method: 'POST',
        headers: { ...request.headers, 'accept-encoding': 'identity' },
        body: request.body,
        signal,
      })
      const retryAfter = answer.headers['retry-after']
      return {
        kind: 'answered',
        status: answer.statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
        durationMs: performance.now() - beganMs,
      }
    } catch (error) {
      const failure = clock.signal.aborted ? 'timeout' : signal.aborted ? 'aborted' : failureClass(error)
      return { kind: 'failed', failure, durationMs: performance.now() - beganMs }
    } finally {
      clearTimeout(firstByte)
      if (answer === null) clearTimeout(total)
      else void discard(answer, signal).finally(() => clearTimeout(total))
    }
  }

  return {
    post,
    async stop() {
      stopped.abort()
      await agent.destroy()
    },
  }
}

/** Reads what little there may be, so that the connection can be used again; more than that ends it. */
async function discard({ body }: Dispatcher.ResponseData, signal: AbortSignal): Promise<void> {
  await body.dump({ limit: READ_BYTES, signal }).catch(() => {})
}
