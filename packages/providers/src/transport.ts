import { Agent, type Dispatcher } from 'undici'

/** The sockets of one worker process towards all providers. Made once, handed to every call. */
export interface Transport {
  dispatcher: Dispatcher
  /** Caps of one answer, in bytes; beyond them the call is broken off. */
  maxAnswerBytes: number
  maxEventBytes: number
}

export interface TransportOptions {
  /** Default 10 s. */
  connectTimeoutMs?: number
  /** The whole body of one answer. Default 64 MB. */
  maxAnswerBytes?: number
  /** One server-sent event. Default 8 MB: an image in a tool call is large, a line without end is an attack. */
  maxEventBytes?: number
}

const MAX_HEADER_BYTES = 64 * 1024
const MB = 1024 * 1024

/**
 * Keep-alive sockets, HTTP/1.1 only: an abort then closes the socket, which is the one signal that every provider understands
 * as "stop generating". No redirects, no retries, no decompression. undici's own header and body timeouts are off, because
 * each call brings its own (`http/call-clock.ts`). Idle sockets are kept undici's 4 s unless the server says otherwise: many
 * compatible servers close after 5 s without saying so, and a request sent into a closing socket is a failed attempt.
 */
export function createTransport(options: TransportOptions = {}): Transport & { stop(): Promise<void> } {
  const dispatcher = new Agent({
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: options.connectTimeoutMs ?? 10_000 },
  })
  let stopped: Promise<void> | undefined
  return {
    dispatcher,
    maxAnswerBytes: options.maxAnswerBytes ?? 64 * MB,
    maxEventBytes: options.maxEventBytes ?? 8 * MB,
    /** Ends running calls too; they report a broken connection. Safe twice. */
    stop() {
      stopped ??= dispatcher.destroy()
      return stopped
    },
  }
}
