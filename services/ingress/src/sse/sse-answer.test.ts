import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { failure } from '@switchyard/contract/broker-error'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { describe, expect, it } from 'vitest'
import { KEEP_ALIVE_MS, MAX_BUFFERED_BYTES, SseAnswer } from './sse-answer.ts'

const JOB = 'job_01JABCDEFGHJKMNPQRSTVWXYZ0'

function entry(
  seq: number,
  data: string,
  terminal: LogEntry['terminal'] = null,
  event: string | null = null,
): LogEntry {
  return { seq, event, data, terminal }
}

interface Bench {
  answer: SseAnswer
  arrived: Promise<ServerResponse>
  response: Promise<IncomingMessage>
  /** How the client saw it end. */
  text: Promise<{ body: string; clean: boolean }>
  closed: Promise<void>
  stop(): Promise<void>
}

/** One answer on a real connection. */
async function open(holdMs = 10_000): Promise<Bench> {
  const arrived = Promise.withResolvers<ServerResponse>()
  const server = createServer((_request, res) => arrived.resolve(res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject)
  })
  response.catch(() => {})
  const closed = Promise.withResolvers<void>()
  const answer = new SseAnswer(await arrived.promise, { jobId: JOB, holdMs, onClose: closed.resolve })
  const text = response.then(readAll, () => ({ body: '', clean: false }))
  return {
    answer,
    arrived: arrived.promise,
    response,
    text,
    closed: closed.promise,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readAll(message: IncomingMessage): Promise<{ body: string; clean: boolean }> {
  let body = ''
  message.setEncoding('utf8')
  try {
    for await (const piece of message) body += piece
    return { body, clean: true }
  } catch {
    return { body, clean: false }
  }
}

describe('SseAnswer', () => {
  it('holds its headers until the first event, then writes events as they are', async () => {
    const bench = await open()
    bench.answer.answering({ deployment: 'opus', simulated: true, dropped: ['temperature', 'seed'] })
    bench.answer.write([entry(0, '{"a":"é"}')])
    bench.answer.write([entry(1, '{"b":1}'), entry(2, '[DONE]', 'completed')])
    bench.answer.end(null)
    const { headers, statusCode } = await bench.response
    expect(statusCode).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-request-id': JOB,
      'x-switchyard-deployment': 'opus (simulator)',
      'x-switchyard-dropped': 'temperature,seed',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    expect(headers).not.toHaveProperty('x-switchyard-attempts')
    expect(await bench.text).toEqual({
      body: 'id: 0\ndata: {"a":"é"}\n\nid: 1\ndata: {"b":1}\n\nid: 2\ndata: [DONE]\n\n',
      clean: true,
    })
    await bench.closed
    await bench.stop()
  })

  it('gives a failure before the first event its own status', async () => {
    const bench = await open()
    const reason = failure('no_healthy_deployment', 'nobody', { retryAfterMs: 5_000 })
    bench.answer.write([entry(0, JSON.stringify({ error: reason.error }), 'failed', 'error')])
    bench.answer.end(reason)
    const { statusCode, headers } = await bench.response
    expect(statusCode).toBe(503)
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'retry-after': '5', 'x-request-id': JOB })
    expect(JSON.parse((await bench.text).body)).toEqual({ error: reason.error })
    await bench.stop()
  })

  it('is 200 after the hold, with a comment, and a failure is then an event', async () => {
    const bench = await open()
    bench.answer.tick(performance.now() + 9_000)
    expect(bench.answer.isHeld).toBe(true)
    bench.answer.tick(performance.now() + 10_001)
    const { statusCode } = await bench.response
    expect(statusCode).toBe(200)
    bench.answer.write([entry(0, '{"error":{}}', 'failed', 'error')])
    bench.answer.end(failure('provider_error', 'x'))
    expect(await bench.text).toEqual({
      body: ': keep-alive\n\nid: 0\nevent: error\ndata: {"error":{}}\n\n',
      clean: true,
    })
    await bench.stop()
  })

  it('writes a comment after 15 s of silence, not before', async () => {
    const bench = await open()
    bench.answer.write([entry(0, 'a')])
    bench.answer.tick(performance.now() + KEEP_ALIVE_MS - 1_000)
    bench.answer.tick(performance.now() + KEEP_ALIVE_MS + 1)
    bench.answer.write([entry(1, 'b', 'completed')])
    bench.answer.end(null)
    expect((await bench.text).body).toBe('id: 0\ndata: a\n\n: keep-alive\n\nid: 1\ndata: b\n\n')
    await bench.stop()
  })

  it('tells where to resume when it is interrupted, and never ends cleanly then', async () => {
    const bench = await open()
    bench.answer.write([entry(0, 'a')])
    await bench.response
    bench.answer.interrupt()
    const { body, clean } = await bench.text
    expect(clean).toBe(false)
    const told = /^event: error\ndata: (.*)\n\n/m.exec(body)?.[1]
    expect(JSON.parse(told ?? '')).toMatchObject({
      error: { code: 'stream_interrupted', events_url: `/v1/jobs/${JOB}/events` },
    })
    await bench.stop()
  })

  it('is a 503 when it is interrupted before the first event', async () => {
    const bench = await open()
    bench.answer.interrupt()
    expect((await bench.response).statusCode).toBe(503)
    expect(JSON.parse((await bench.text).body)).toMatchObject({
      error: { code: 'service_unavailable', events_url: `/v1/jobs/${JOB}/events` },
    })
    await bench.stop()
  })

  it('sends a long log whole to a reader that reads', async () => {
    const bench = await open(0)
    const entries = Array.from({ length: 3_000 }, (_, seq) =>
      entry(seq, 'x'.repeat(1_000), seq === 2_999 ? 'completed' : null),
    )
    bench.answer.write(entries)
    bench.answer.end(null)
    const { body, clean } = await bench.text
    expect(clean).toBe(true)
    expect(body).toBe(entries.map(({ seq, data }) => `id: ${seq}\ndata: ${data}\n\n`).join(''))
    await bench.stop()
  })

  it('of a client that has left already is closed at once', async () => {
    const bench = await open()
    const res = await bench.arrived
    res.destroy()
    await bench.closed
    const closed = Promise.withResolvers<void>()
    const late = new SseAnswer(res, { jobId: JOB, holdMs: 0, onClose: closed.resolve })
    late.write([entry(0, 'a')])
    await closed.promise
    expect(late.isClosed).toBe(true)
    await bench.stop()
  })

  it('cuts a reader that does not read, at 256 KB', async () => {
    const arrived = Promise.withResolvers<ServerResponse>()
    const server = createServer((_request, res) => arrived.resolve(res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    socket.pause()
    const res = await arrived.promise
    const closed = Promise.withResolvers<void>()
    const answer = new SseAnswer(res, { jobId: JOB, holdMs: 10_000, onClose: closed.resolve })
    let most = 0
    for (let seq = 0; !answer.isClosed; seq++) {
      answer.write([entry(seq, 'x'.repeat(10_000))])
      most = Math.max(most, res.writableLength)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(most).toBeLessThan(MAX_BUFFERED_BYTES + 11_000)
    await closed.promise
    socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
})

describe('SseAnswer on the wire', () => {
  /** Sends these requests on one connection, answers each with two events, and gives everything that came back. */
  async function exchange(requests: string, order: number[]): Promise<string> {
    const responses: ServerResponse[] = []
    const all = Promise.withResolvers<void>()
    const server = createServer((_request, res) => {
      responses.push(res)
      if (responses.length === order.length) all.resolve()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    let text = ''
    socket.on('data', (piece) => {
      text += piece.toString()
    })
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.write(requests)
    await all.promise
    for (const i of order) {
      const answer = new SseAnswer(responses[i]!, { jobId: `${JOB}${i}`, holdMs: 10_000, onClose() {} })
      answer.write([entry(0, `first of ${i}`)])
      answer.write([entry(1, 'é', 'completed')])
      answer.end(null)
    }
    await closed
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return text
  }

  it('keeps pipelined answers whole and in order, whichever is ready first', async () => {
    const one = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    const last = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
    const text = await exchange(one + one + last, [2, 0, 1])
    expect([...text.matchAll(/x-request-id: job_\w{26}(\d)/g)].map(([, i]) => i)).toEqual(['0', '1', '2'])
    for (const i of [0, 1, 2]) {
      expect(text).toContain(`18\r\nid: 0\ndata: first of ${i}\n\n\r\n10\r\nid: 1\ndata: é\n\n\r\n0\r\n\r\n`)
    }
  })

  it('to HTTP/1.0 goes without chunks', async () => {
    const text = await exchange('GET / HTTP/1.0\r\nhost: a\r\n\r\n', [0])
    expect(text.split('\r\n\r\n')[1]).toBe('id: 0\ndata: first of 0\n\nid: 1\ndata: é\n\n')
  })
})
