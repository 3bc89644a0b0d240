import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface FreezingProxy {
  url: string
  /** Connections that are open and have sent this say nothing more in either direction, and are not closed. */
  freeze(sent: RegExp): number
  close(): Promise<void>
}

/** Stands between a client and a server: the fault is a peer that is silent, as behind a firewall that forgot the connection. */
export async function startFreezingProxy(port: number): Promise<FreezingProxy> {
  const connections = new Set<{ client: Socket; server: Socket; sent: string }>()
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    const connection = { client, server, sent: '' }
    connections.add(connection)
    client.on('data', (data) => {
      connection.sent = (connection.sent + data).slice(0, 2_000)
    })
    client.pipe(server)
    server.pipe(client)
    for (const socket of [client, server]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        server.destroy()
        connections.delete(connection)
      })
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  return {
    url: `redis://127.0.0.1:${address.port}`,
    freeze(pattern) {
      const frozen = [...connections].filter(({ sent }) => pattern.test(sent))
      for (const { client, server } of frozen) {
        client.unpipe(server)
        server.unpipe(client)
        server.pause()
      }
      return frozen.length
    },
    async close() {
      for (const { client, server } of connections) {
        client.destroy()
        server.destroy()
      }
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
