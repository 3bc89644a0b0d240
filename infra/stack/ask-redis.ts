import { connect, type NetConnectOpts } from 'node:net'

/** Where a server listens: a unix socket, or a port of this machine. */
export type RedisAddress = { path: string } | { port: number }

/**
 * One command over a connection of its own, answered as text: for the few questions that starting and testing ask, before
 * and without a client library (loading one would take longer than Redis takes to start). Bulk and simple strings,
 * integers; rejects with the server's error (`LOADING …`, `ERR …`), or when there is no answer within a second.
 * Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export function askRedis(address: RedisAddress, command: readonly (string | number)[]): Promise<string> {
  const options: NetConnectOpts = 'path' in address ? { path: address.path } : { host: '127.0.0.1', port: address.port }
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    let received = Buffer.alloc(0)
    socket.setTimeout(1000, () => socket.destroy(new Error('Redis did not answer within a second')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('Redis closed the connection')))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const reply = readReply(received)
      if (reply === undefined) return
      if (reply instanceof Error) reject(reply)
      else resolve(reply)
      socket.destroy()
    })
    socket.write(encode(command))
  })
}

function encode(command: readonly (string | number)[]): string {
  const parts = command.map(String).map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  return `*${parts.length}\r\n${parts.join('')}`
}

/** Undefined while the reply is not complete. */
function readReply(bytes: Buffer): string | Error | undefined {
  const end = bytes.indexOf('\r\n')
  if (end === -1) return undefined
  const line = bytes.toString('utf8', 1, end)
  switch (String.fromCharCode(bytes[0] ?? 0)) {
    case '+':
    case ':':
      return line
    case '-':
      return new Error(line)
    case '$': {
      const length = Number(line)
      if (length < 0) return ''
      return bytes.length < end + 2 + length + 2 ? undefined : bytes.toString('utf8', end + 2, end + 2 + length)
    }
    default:
      return new Error('a kind of reply that is not read here')
  }
}
