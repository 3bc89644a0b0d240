import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and one Redis server, and can lose what that answers. */
export interface LossyProxy {
  url: string
  /** The next command is carried out, but its answer is lost and the connection with it. Resolves when that has happened. */
  loseNextReply(): Promise<void>
  stop(): Promise<void>
}

export async function startLossyProxy(redisUrl: string): Promise<LossyProxy> {
  const { hostname, port } = new URL(redisUrl)
  const sockets = new Set<Socket>()
  let onLost: (() => void) | null = null
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (onLost === null) {
        client.write(bytes)
        return
      }
      client.destroy()
      onLost()
      onLost = null
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNextReply: () =>
      new Promise((resolve) => {
        onLost = resolve
      }),
    async stop() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
