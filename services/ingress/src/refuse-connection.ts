import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { failure } from '@switchyard/contract/broker-error'
import type { ErrorCode } from '@switchyard/contract/error-table'
import { newUlid } from '@switchyard/contract/ids'

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
}

const LINGER_MS = 500

/** Sockets on which an answer has begun: a second one must not be written into it. */
const answering = new WeakSet<Socket>()

/** Until the returned function is called, a malformed request behind the one that is answered just ends the connection. */
export function markAnswering(socket: Socket | null): () => void {
  if (socket === null) return () => {}
  answering.add(socket)
  return () => answering.delete(socket)
}

/** What the HTTP parser refused never becomes a request; it is answered here, in the same shape, and the connection is closed. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || answering.has(socket)) {
    socket.destroy()
    return
  }
  const [code, message] = refusalOf(error.code)
  writeRefusal(socket, code, message)
}

/** CONNECT is no method of ours; Node hands its socket over instead of a request. */
export function refuseConnect(socket: Duplex): void {
  writeRefusal(socket, 'method_not_allowed', 'CONNECT is not supported.', 'allow: GET, POST\r\n')
}

/** `Expect` with anything but 100-continue: Node would answer 417 without a body. */
export function refuseExpectation(res: ServerResponse): void {
  const { status, error } = failure('invalid_request', 'Only 100-continue can be expected.')
  res.writeHead(status, { 'content-type': 'application/json', 'x-request-id': `req_${newUlid()}`, connection: 'close' })
  res.end(JSON.stringify({ error }))
}

function refusalOf(code: string | undefined): [ErrorCode, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['headers_too_large', 'The headers are too large.']
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['request_too_large', 'The chunk extensions of the body are too large.']
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request_timeout', 'The request took too long to arrive.']
    default:
      return ['invalid_request', 'The request is not valid HTTP/1.1.']
  }
}

function writeRefusal(socket: Duplex, code: ErrorCode, message: string, headers = ''): void {
  const { status, error } = failure(code, message)
  const body = JSON.stringify({ error })
  socket.on('error', () => {})
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status]}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: req_${newUlid()}\r\n${headers}connection: close\r\n\r\n${body}`,
  )
  // Closing with unread input makes the kernel reset the connection, and the answer could be lost: read on for a moment.
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
