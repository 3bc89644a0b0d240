import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { followJob } from './follow-job.ts'
import { streamAndResume } from './stream-and-resume.ts'

const WORDS = Array.from({ length: 120 }, (_, i) => `word-${i} é `)
const LOG = [...WORDS.map((content) => JSON.stringify({ choices: [{ delta: { content } }] })), '[DONE]']
const sse = (from: number, to = LOG.length) =>
  LOG.slice(from, to)
    .map((data, i) => `id: ${from + i}\ndata: ${data}\n\n`)
    .join('')

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function clientOf(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<OpenAI> {
  const listening = createServer(answer)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  return new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'sk-sy-test', maxRetries: 0 })
}

const cursorOf = (request: IncomingMessage) => Number(request.headers['last-event-id'] ?? -1)
const signal = new AbortController().signal

describe('streamAndResume', () => {
  /** A server whose stream never ends by itself; `tamper` changes what is resumed. */
  async function run(tamper: (rest: string) => string) {
    const closed = Promise.withResolvers<void>()
    const client = await clientOf((request, response) => {
      if (request.method === 'POST') {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'job_1' })
        response.write(sse(0, 100))
        request.socket.once('close', () => closed.resolve())
      } else if (request.url?.endsWith('/events')) {
        const cursor = cursorOf(request)
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(cursor === -1 ? sse(0) : tamper(sse(cursor + 1)))
      } else {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ choices: [{ message: { content: WORDS.join('') } }] }))
      }
    })
    let shown = ''
    const stream = await streamAndResume(
      client,
      { name: 'a', text: 'text' },
      { model: 'm', signal, show: (text) => (shown += text) },
    )
    await closed.promise
    return { stream, shown }
  }

  it('destroys its socket, resumes, and finds nothing missing', async () => {
    const { stream, shown } = await run((rest) => rest)
    expect(stream).toMatchObject({ job: 'job_1', events: LOG.length, problems: [] })
    expect(stream.cutAfter).toBeGreaterThan(10)
    expect(stream.cutAfter).toBeLessThan(100)
    expect(shown.replace(/\n.*\n/, '')).toBe(`${WORDS.join('')}\n`)
  })

  it('notices a lost character, a lost event and a doubled one', async () => {
    const lostCharacter = await run((rest) => rest.replace('word-110 é', 'word-110 e'))
    expect(lostCharacter.stream.problems).toContainEqual(expect.stringContaining('bytes of text'))
    const lostEvent = await run((rest) => rest.replace(/id: 110\n.*\n\n/, ''))
    expect(lostEvent.stream.problems).toContain('event 110 of the stream has the number 111')
    const doubled = await run((rest) => rest.replace(/(id: 110\n.*\n\n)/, '$1$1'))
    expect(doubled.stream.problems).toContain('event 111 of the stream has the number 110')
  })
})

describe('followJob', () => {
  it('goes on after the last event whenever its connection breaks', async () => {
    const cursors: number[] = []
    const client = await clientOf((request, response) => {
      const from = cursorOf(request) + 1
      cursors.push(from - 1)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (from >= 80) response.end(sse(from))
      else response.write(sse(from, from + 40), () => response.destroy())
    })
    const seen: (number | null)[] = []
    for await (const { id } of followJob(client, 'job_1', { signal })) seen.push(id)
    expect(seen).toEqual(LOG.map((_, i) => i))
    expect(cursors).toEqual([-1, 39, 79])
  })

  it('ends where the log has ended, and throws what the server says of the job', async () => {
    const client = await clientOf((request, response) =>
      response.writeHead(cursorOf(request) === 120 ? 204 : 404).end(),
    )
    for await (const event of followJob(client, 'job_1', { after: 120, signal })) expect.unreachable(event.data)
    await expect(followJob(client, 'job_1', { signal }).next()).rejects.toMatchObject({ status: 404 })
  })
})
