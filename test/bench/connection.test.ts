import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Connection, openConnection } from './connection.ts'

describe('a connection of the load client', () => {
  let server: Server
  let connection: Connection
  let accepted = 0
  afterEach(() => {
    connection.close()
    server.close()
  })

  /** A server that answers every request with these pieces, each in a write of its own. */
  async function open(pieces: (asked: number, socket: Socket) => string[]): Promise<void> {
    let asked = 0
    accepted = 0
    server = createServer({ noDelay: true }, (socket) => {
      accepted++
      socket.on('error', () => {})
      socket.on('data', async () => {
        for (const piece of pieces(++asked, socket)) {
          socket.write(piece)
          await new Promise(setImmediate)
        }
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    connection = openConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  const ask = (onPart: (part: string) => void = () => {}) => connection.ask('GET / HTTP/1.1\r\n\r\n', onPart)

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { status: 200, body: 'hello' }],
    ['without a body', 'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n', { status: 503, body: '' }],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nb\r\nlo \r\n\r\n0\r\n\r\r\n2\r\n!!\r\n0\r\n\r\n',
      { status: 200, body: 'hello \r\n\r\n0\r\n\r!!' },
    ],
  ])('reads an answer %s, cut anywhere', async (_what, whole, reply) => {
    await open((cut) => [whole.slice(0, cut), whole.slice(cut)])
    for (let cut = 1; cut < whole.length; cut++) {
      let seen = ''
      expect(await ask((part) => (seen += part))).toEqual(reply)
      expect(seen).toBe(whole)
    }
    expect(accepted).toBe(1)
  })

  it('fails with a connection that is closed before the end, and opens another for the next request', async () => {
    await open((asked, socket) => {
      if (asked > 1) return ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok']
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe')
      return []
    })
    await expect(ask()).rejects.toThrow('closed')
    expect((await ask()).body).toBe('ok')
    expect(accepted).toBe(2)
  })
})
