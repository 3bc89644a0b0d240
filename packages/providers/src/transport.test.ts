import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assemble, call, fixture, KINDS, upstream } from './test-support/chat-call.ts'
import { type ProviderDouble, startProviderDouble } from './test-support/provider-double.ts'
import { createTransport } from './transport.ts'

const SSE = { 'content-type': 'text/event-stream' }
let double: ProviderDouble
beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(() => double.stop())

describe('a socket', () => {
  test.each(KINDS)('is used again after a complete stream (%s)', async (kind) => {
    const transport = createTransport()
    const before = double.connections()
    double.answer({ headers: SSE, body: fixture(kind, 'text.sse') })
    for (let i = 0; i < 8; i++) {
      const { result } = await call(transport, { upstream: upstream(kind, double.url) })
      expect(result.ok).toBe(true)
    }
    // A call may begin while the last bytes of the one before are still on their way, and takes a second socket then.
    expect(double.connections() - before).toBeLessThanOrEqual(2)
    await transport.stop()
  })

  test('of a provider that goes on after its end is closed, and the answer stands', async () => {
    const transport = createTransport()
    const body = Buffer.concat([fixture('openai', 'text.sse'), Buffer.from('data: [DONE]\n\n'.repeat(20_000))])
    double.answer({ headers: SSE, body, breakAt: { at: body.length, how: 'silence' } })
    const { result, lines } = await call(transport, { upstream: upstream('openai', double.url) })
    expect(result.ok).toBe(true)
    expect(assemble(lines).finish).toBe('stop')
    await double.calls[0]?.closed
    await transport.stop()
  })

  test('stops with the transport, and its call with a value', async () => {
    const transport = createTransport()
    double.answer({ headers: SSE, body: fixture('openai', 'text.sse'), breakAt: { at: 900, how: 'silence' } })
    const running = call(transport, { upstream: upstream('openai', double.url) })
    await expect.poll(() => double.calls.length).toBe(1)
    await Promise.all([transport.stop(), transport.stop()])
    expect((await running).result).toMatchObject({ ok: false })
    expect((await call(transport, { upstream: upstream('openai', double.url) })).result).toMatchObject({
      ok: false,
      failure: { class: 'server' },
    })
  })
})

test('a server without TLS is not spoken to in the clear instead', async () => {
  const transport = createTransport()
  double.answer({ headers: SSE, body: fixture('openai', 'text.sse') })
  const { result } = await call(transport, { upstream: upstream('openai', double.url.replace('http:', 'https:')) })
  expect(result).toMatchObject({ ok: false, httpStatus: null, failure: { class: 'server' } })
  expect(double.calls).toHaveLength(0)
  await transport.stop()
})

test('an answer that nobody asked for is given to nobody', async () => {
  const answer = (text: string, id: string) => {
    const body = JSON.stringify({ id, choices: [{ index: 0, message: { role: 'assistant', content: text } }] })
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const id = /x-client-request-id: (\S+)/.exec(data.toString())?.[1] ?? ''
      // The right answer, and right behind it another one, of somebody else.
      socket.write(answer(`for ${id}`, id) + answer('of somebody else', 'other'))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const transport = createTransport()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (let i = 1; i <= 5; i++) {
    const attemptId = `job_${i}.1`
    const { result } = await call(transport, { upstream: upstream('openai', url), stream: false, attemptId })
    if (result.ok) expect(result.body).toContain(`for ${attemptId}`)
    else expect(result.failure.class).toBe('server')
  }
  await transport.stop()
  for (const socket of sockets) socket.destroy()
  server.close()
})
