import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  headers: Record<string, string>
  body: string
  atMs: number
}

/** Somebody's webhook receiver: a server of its own that notes what comes and answers as it is told. */
export interface Receiver {
  url: string
  received: Received[]
  /** Resolves once so many have come. */
  has(count: number): Promise<void>
  /** Answers from now on; 0: not at all. */
  answer(status: number, headers?: Record<string, string>): void
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  let waiting: { count: number; resolve: () => void }[] = []
  let answer: { status: number; headers: Record<string, string> } = { status: 200, headers: {} }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => (body += piece))
    request.on('end', () => {
      received.push({ headers: flat(request.headers), body, atMs: performance.now() })
      for (const each of waiting) if (received.length >= each.count) each.resolve()
      waiting = waiting.filter(({ count }) => received.length < count)
      if (answer.status !== 0) response.writeHead(answer.status, answer.headers).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    has: (count) =>
      received.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    answer(status, headers = {}) {
      answer = { status, headers }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
