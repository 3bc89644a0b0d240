import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createEgress, type Egress } from './egress.ts'

const cleanups: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function egress(options: Parameters<typeof createEgress>[1] = {}, allowLoopback = true): Egress {
  const made = createEgress({ allowLoopback }, options)
  cleanups.push(() => made.stop())
  return made
}

const POST = { headers: { 'content-type': 'application/json' }, body: '{"a":1}' }

describe('createEgress', () => {
  it('posts the body as it is, and asks for no encoding', async () => {
    let seen: { method: string | undefined; encoding: unknown; body: string } | null = null
    const url = await listen((request, response) => {
      let body = ''
      request.on('data', (piece) => (body += piece))
      request.on('end', () => {
        seen = { method: request.method, encoding: request.headers['accept-encoding'], body }
        response.writeHead(204, { 'retry-after': '7' }).end()
      })
    })
    expect(await egress().post({ url: `${url}/hook?a=b`, ...POST })).toMatchObject({
      kind: 'answered',
      status: 204,
      retryAfter: '7',
    })
    expect(seen).toEqual({ method: 'POST', encoding: 'identity', body: '{"a":1}' })
  })

  it('does not follow a redirect', async () => {
    let asked = 0
    const target = await listen((_request, response) => {
      asked++
      response.end()
    })
    const url = await listen((_request, response) => response.writeHead(302, { location: target }).end())
    expect(await egress().post({ url, ...POST })).toMatchObject({ kind: 'answered', status: 302 })
    expect(asked).toBe(0)
  })

  it('does not read a large answer, and is not held by an endless one', async () => {
    let written = 0
    const url = await listen((_request, response) => {
      response.writeHead(200)
      const piece = Buffer.alloc(64 * 1024)
      const more = () => {
        while (!response.destroyed && written < 1e9 && response.write(piece)) written += piece.length
      }
      response.on('drain', more)
      more()
    })
    const one = egress()
    expect(await one.post({ url, ...POST })).toMatchObject({ kind: 'answered', status: 200 })
    await one.stop()
    expect(written).toBeLessThan(50e6)
  })

  it('uses a connection again when the answer was read', async () => {
    const ports = new Set<number | undefined>()
    const url = await listen((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('ok')
    })
    const one = egress()
    for (let i = 0; i < 5; i++) {
      await one.post({ url, ...POST })
      // The end of the body comes in a turn of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(ports.size).toBeLessThan(5)
  })

  it.each([
    ['never answers', () => {}],
    ['says only that it will', (response: ServerResponse) => response.writeProcessing()],
  ])('gives up on a server that %s', async (_what, act) => {
    const url = await listen((_request, response) => act(response))
    const outcome = await egress({ patience: { firstByteMs: 100, totalMs: 200 } }).post({ url, ...POST })
    expect(outcome).toMatchObject({ kind: 'failed', failure: 'timeout' })
    expect(outcome.durationMs).toBeLessThan(2_000)
  })

  it('tells a refused connection, a server without TLS and an aborted call apart', async () => {
    const url = await listen((_request, response) => void response)
    const closed = createTcpServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const one = egress()
    expect(await one.post({ url: `http://127.0.0.1:${port}/`, ...POST })).toMatchObject({ failure: 'unreachable' })
    expect(await one.post({ url: url.replace('http:', 'https:'), ...POST })).toMatchObject({ failure: 'tls_error' })
    const abort = new AbortController()
    const aborted = one.post({ url, ...POST, signal: abort.signal })
    abort.abort()
    expect(await aborted).toMatchObject({ failure: 'aborted' })
  })

  it('is not held up by a server that does not answer', async () => {
    const dead = await listen(() => {})
    const alive = await listen((_request, response) => response.end())
    const one = egress()
    const abort = new AbortController()
    const held = Array.from({ length: 40 }, () => one.post({ url: dead, ...POST, signal: abort.signal }))
    expect(await one.post({ url: alive, ...POST })).toMatchObject({ kind: 'answered', status: 200 })
    abort.abort()
    expect((await Promise.all(held)).every(({ kind }) => kind === 'failed')).toBe(true)
  })

  describe('where addresses are not public', () => {
    /** On a port that URLs may name. */
    async function decoy(): Promise<() => number> {
      let connections = 0
      const server = createTcpServer((socket) => {
        connections++
        socket.destroy()
      })
      await new Promise<void>((resolve) => server.listen(9443, '127.0.0.1', resolve))
      cleanups.push(() => new Promise((resolve) => server.close(resolve)))
      return () => connections
    }

    it.each([
      ['is private', ['127.0.0.1']],
      ['is private among public ones', ['93.184.215.14', '127.0.0.1']],
      ['is private behind IPv6', ['::ffff:127.0.0.1']],
      [
        'is the one of a hundred that is private',
        [...Array.from({ length: 99 }, (_, i) => `93.184.215.${i}`), '10.0.0.1'],
      ],
    ])('connects to nobody when the answer %s', async (_what, addresses) => {
      const connections = await decoy()
      const one = egress({ resolve: async () => addresses }, false)
      expect(await one.post({ url: 'https://rebind.example:9443/', ...POST })).toMatchObject({
        kind: 'failed',
        failure: 'url_not_allowed',
      })
      expect(connections()).toBe(0)
    })

    it('looks again at each connection: what an earlier look-up gave counts for nothing', async () => {
      const connections = await decoy()
      let asked = 0
      const resolve = async () => {
        asked++
        return asked === 1 ? ['192.0.2.1'] : ['127.0.0.1']
      }
      const one = egress({ resolve, patience: { firstByteMs: 200, totalMs: 200 } }, false)
      for (let i = 0; i < 2; i++) {
        expect(await one.post({ url: 'https://rebind.example:9443/', ...POST })).toMatchObject({
          failure: 'url_not_allowed',
        })
      }
      expect([asked, connections()]).toEqual([2, 0])
    })

    it('refuses literals without a look-up, and knows loopback by its writing alone', async () => {
      const connections = await decoy()
      let asked = 0
      const resolve = async () => {
        asked++
        return ['127.0.0.1']
      }
      const strict = egress({ resolve }, false)
      for (const host of ['127.0.0.1', '[::ffff:7f00:1]', '2130706433', 'localhost', 'localhost.']) {
        expect(await strict.post({ url: `https://${host}:9443/`, ...POST })).toMatchObject({
          failure: 'url_not_allowed',
        })
      }
      expect(asked).toBe(0)
      const lenient = egress({ resolve })
      expect(await lenient.post({ url: 'https://evil.example:9443/', ...POST })).toMatchObject({
        failure: 'url_not_allowed',
      })
      expect(connections()).toBe(0)
    })

    it('fails closed when nobody can tell', async () => {
      const one = egress({ resolve: () => Promise.reject(new Error('ENOTFOUND')) }, false)
      expect(await one.post({ url: 'https://gone.example/', ...POST })).toMatchObject({ failure: 'unreachable' })
    })

    it('gives up on a name that takes for ever', async () => {
      const one = egress({ resolve: () => new Promise(() => {}), patience: { firstByteMs: 100, totalMs: 200 } }, false)
      expect(await one.post({ url: 'https://slow.example/', ...POST })).toMatchObject({ failure: 'timeout' })
    })
  })
})
