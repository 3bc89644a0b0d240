import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface LosingProxy {
  url: string
  /** The next request that has this in it is carried out, but its reply is lost: the connection breaks first. */
  loseReplyTo(text: string): void
  /** How many replies were lost. */
  lost(): number
  close(): Promise<void>
}

/** Stands between a client and one server, for the fault that leaves everybody in the dark about what was done. */
export async function startLosingProxy(url: string): Promise<LosingProxy> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let wanted: string | null = null
  let lost = 0
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname)
    let losing = false
    client.on('data', (data) => {
      if (wanted !== null && data.includes(wanted)) {
        wanted = null
        losing = true
      }
      server.write(data)
    })
    server.on('data', (data) => {
      if (!losing) return void client.write(data)
      lost++
      client.destroy()
    })
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    loseReplyTo(text) {
      wanted = text
    },
    lost: () => lost,
    async close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
