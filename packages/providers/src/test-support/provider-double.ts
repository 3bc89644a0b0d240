import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** How a body is sent. Positions are bytes; after the last piece the answer ends unless the plan says otherwise. */
export interface SendPlan {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer
  /** Break after this many bytes: a clean end, a reset, or silence. */
  breakAt?: { at: number; how: 'end' | 'reset' | 'silence' }
  /** Answer only when this is kept. */
  until?: Promise<void>
  /** Bytes in one write; default all at once. */
  pieceBytes?: number
}

export interface ReceivedCall {
  path: string
  headers: IncomingHttpHeaders
  body: string
  json: Record<string, unknown>
  /** Kept when the caller's socket is gone. */
  closed: Promise<void>
}

/** A provider that says what it is told: one plan for each call, in order; the last one again and again. */
export async function startProviderDouble() {
  const calls: ReceivedCall[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let plans: SendPlan[] = []

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const closed = once(response, 'close').then(() => {})
      calls.push({ path: request.url ?? '', headers: request.headers, body, json: JSON.parse(body), closed })
      const plan = (plans.length > 1 ? plans.shift() : plans[0]) ?? {}
      await plan.until
      const bytes = Buffer.from(plan.body ?? '')
      response.writeHead(plan.status ?? 200, plan.headers)
      const end = plan.breakAt?.at ?? bytes.length
      const step = plan.pieceBytes ?? Math.max(1, end)
      for (let at = 0; at < end && !response.destroyed; at += step) {
        const more = response.write(bytes.subarray(at, Math.min(end, at + step)))
        if (!more) await Promise.race([once(response, 'drain'), closed])
      }
      if (plan.breakAt?.how === 'silence') {
        response.flushHeaders()
        return
      }
      if (plan.breakAt?.how === 'reset') {
        // What was written must be on its way before the reset overtakes it.
        setImmediate(() => (request.socket as Socket).resetAndDestroy())
        return
      }
      response.end()
    })
  })
  // A connection that is closed while the next call goes out on it is another test than those that share this server.
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    connections: () => connections,
    answer(...next: SendPlan[]) {
      calls.length = 0
      plans = next
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export type ProviderDouble = Awaited<ReturnType<typeof startProviderDouble>>
