import { connect } from 'node:net'

/** An answer without its headers and its transfer coding; its bytes as latin1. */
export interface Reply {
  status: number
  body: string
}

export interface Connection {
  /** Sends a whole request and waits for the whole answer; one at a time. `onPart` sees what arrives, as it arrives. Rejects when none comes. */
  ask(request: string, onPart: (part: string) => void): Promise<Reply>
  close(): void
}

/** One for all connections: what was read is taken out before anything else is read. */
const buffer = Buffer.allocUnsafe(64 * 1024)
/** Streams that are held while memory is measured are silent, the first of them until the last is open. */
const SILENCE_MS = 300_000
const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = '\r\n0\r\n\r\n'

/**
 * A kept HTTP/1.1 connection, opened by the first request and again after a failure. The load client's own, because it shares the
 * cores with what it measures: a general client took a third of what the measured path did.
 */
export function openConnection(origin: string): Connection {
  const { hostname, port } = new URL(origin)
  let socket: ReturnType<typeof connect> | undefined
  let waiting: { resolve(reply: Reply): void; reject(error: Error): void; onPart(part: string): void } | undefined
  let text = ''
  let head: Head | undefined

  function open(): NonNullable<typeof socket> {
    const opened = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback(count) {
          if (opened === socket) read(buffer.toString('latin1', 0, count))
          return true
        },
      },
    })
    opened.setTimeout(SILENCE_MS, () => opened.destroy(new Error(`silent for ${SILENCE_MS} ms`)))
    opened.on('error', (error) => opened === socket && fail(error))
    opened.on('close', () => opened === socket && fail(new Error('the connection was closed')))
    return opened
  }

  function fail(error: Error): void {
    socket?.destroy()
    socket = undefined
    const asked = waiting
    waiting = undefined
    asked?.reject(error)
  }

  function read(part: string): void {
    if (waiting === undefined) {
      fail(new Error('an answer to nothing'))
      return
    }
    text += part
    waiting.onPart(part)
    head ??= readHead(text)
    if (head === undefined || !isWhole(head, text, part)) return
    const { status, bodyAt, length } = head
    const { resolve } = waiting
    waiting = undefined
    resolve({ status, body: length === null ? joinChunks(text, bodyAt) : text.slice(bodyAt) })
  }

  return {
    ask(request, onPart) {
      return new Promise((resolve, reject) => {
        text = ''
        head = undefined
        waiting = { resolve, reject, onPart }
        socket ??= open()
        socket.write(request)
      })
    },
    close: () => fail(new Error('closed')),
  }
}

interface Head {
  status: number
  bodyAt: number
  /** Null: in chunks. */
  length: number | null
}

/** Undefined while it is not all there. */
function readHead(text: string): Head | undefined {
  const end = text.indexOf(HEAD_END)
  if (end < 0) return undefined
  const lines = text.slice(0, end + 2).toLowerCase()
  const length = /\r\ncontent-length: *(\d+)\r\n/.exec(lines)
  return { status: Number(lines.slice(9, 12)), bodyAt: end + HEAD_END.length, length: length && Number(length[1]) }
}

/** Looks at what came last where that is enough: a text that grows by pieces is cheap as long as nobody looks into it. */
function isWhole({ bodyAt, length }: Head, text: string, part: string): boolean {
  if (length !== null) return text.length - bodyAt >= length
  return part.length >= LAST_CHUNK.length ? part.endsWith(LAST_CHUNK) : text.endsWith(LAST_CHUNK)
}

/** Takes the lengths out (https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding). */
function joinChunks(text: string, from: number): string {
  let body = ''
  for (let at = from; ; ) {
    const start = text.indexOf('\r\n', at) + 2
    const length = Number.parseInt(text.slice(at, start), 16)
    if (!(length > 0)) return body
    body += text.slice(start, start + length)
    at = start + length + 2
  }
}
