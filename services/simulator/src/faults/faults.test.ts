import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
beforeAll(async () => {
  bundle = await simulatorBundle()
})
afterEach(() => bundle.reset())
afterAll(() => bundle.stop())

/** The same prompt in each dialect: when split in six, one word and one token each. */
const TEXT = 'echo: owl bat yak gnu elk wolf'
const DIALECTS = ['openai', 'anthropic', 'google'] as const
type Name = (typeof DIALECTS)[number]
const MODELS = { openai: 'gpt-5.5', anthropic: 'claude-opus-4-7', google: 'gemini-2.5-flash' }
const ENDS = { openai: 'data: [DONE]', anthropic: 'event: message_stop', google: '"finishReason":"STOP"' }

function ask(dialect: Name, stream: boolean, id = 'c1') {
  const headers = { 'x-client-request-id': id }
  const messages = [{ role: 'user', content: TEXT }]
  const model = MODELS[dialect]
  if (dialect === 'openai') return bundle.post('/openai/v1/chat/completions', { model, messages, stream }, headers)
  if (dialect === 'anthropic')
    return bundle.post('/anthropic/v1/messages', { model, messages, stream, max_tokens: 99 }, headers)
  const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
  return bundle.post(`/google/v1beta/models/${model}:${method}`, { contents: [{ parts: [{ text: TEXT }] }] }, headers)
}

/** What arrives of a body, and whether it ended cleanly. */
async function read(response: Response): Promise<{ text: string; clean: boolean }> {
  let text = ''
  try {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece
    return { text, clean: true }
  } catch {
    return { text, clean: false }
  }
}

const words = (text: string) => ['owl', 'bat', 'yak', 'gnu', 'elk', 'wolf'].filter((word) => text.includes(word)).length
const split = () => bundle.model('*', { chunks: 6 })

test("status: the dialect's own error, with its way of saying when to come back", async () => {
  await bundle.fault({ kind: 'status', status: 429, retryAfter: 7, message: 'slow down', times: 3 })
  const openai = await ask('openai', true)
  expect([openai.status, openai.headers.get('retry-after')]).toEqual([429, '7'])
  expect(await openai.json()).toMatchObject({ error: { message: 'slow down', code: 'rate_limit_exceeded' } })
  const anthropic = await ask('anthropic', false)
  expect([anthropic.status, anthropic.headers.get('retry-after')]).toEqual([429, '7'])
  expect(await anthropic.json()).toMatchObject({
    type: 'error',
    error: { type: 'rate_limit_error', message: 'slow down' },
  })
  const google = await ask('google', false)
  expect(google.status).toBe(429)
  expect(await google.json()).toMatchObject({
    error: { status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '7s' }] },
  })
  expect((await ask('openai', false)).status).toBe(200)
})

test('status: after a while', async () => {
  await bundle.fault({ kind: 'status', status: 400, delayMs: 200, times: 1 })
  const since = performance.now()
  expect((await ask('openai', true)).status).toBe(400)
  expect(performance.now() - since).toBeGreaterThan(190)
})

test("status: overload, and a body of one's own", async () => {
  await bundle.fault({ kind: 'status', status: 529, dialect: 'anthropic', times: 1 })
  expect(await (await ask('anthropic', true)).json()).toMatchObject({
    error: { type: 'overloaded_error', message: 'Overloaded' },
  })
  await bundle.fault({ kind: 'status', status: 502, body: '<html>no</html>', retryAfter: 'in a while', times: 1 })
  const response = await ask('openai', true)
  expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
    502,
    'in a while',
    '<html>no</html>',
  ])
})

test.each(DIALECTS)('%s: reset before any answer', async (dialect) => {
  await bundle.fault({ kind: 'reset', times: 1 })
  await expect(ask(dialect, true)).rejects.toThrow('fetch failed')
  expect(await bundle.ended('c1')).toMatchObject({
    ended: 'fault:reset',
    status: null,
    bytesSent: 0,
    completionTokens: 0,
  })
})

test.each(DIALECTS)('%s: cut and reset in the middle', async (dialect) => {
  await split()
  for (const kind of ['cut', 'reset']) {
    await bundle.fault({ kind, afterChunks: 2, times: 1 })
    const { text, clean } = await read(await ask(dialect, true, kind))
    expect([clean, text.includes(ENDS[dialect])]).toEqual([false, false])
    if (kind === 'cut') expect(words(text)).toBe(2)
    expect(await bundle.ended(kind)).toMatchObject({
      ended: `fault:${kind}`,
      chunksSent: 2,
      completionTokens: 2,
      status: 200,
    })
    await bundle.fault({ kind, afterChunks: 0, times: 1 })
    expect((await read(await ask(dialect, false))).clean).toBe(false)
  }
})

test.each(DIALECTS)('%s: stall in the middle, for ever or for a while', async (dialect) => {
  await split()
  await bundle.fault({ kind: 'stall', afterChunks: 3, times: 1 })
  const response = await ask(dialect, true, 'stall')
  const reader = response.body!.getReader()
  expect(words(Buffer.from((await reader.read()).value!).toString())).toBe(3)
  await reader.cancel()
  expect(await bundle.ended('stall')).toMatchObject({ ended: 'client_gone', fault: 'stall', chunksSent: 3 })
  await bundle.fault({ kind: 'stall', delayMs: 50, times: 2 })
  const startMs = performance.now()
  expect((await read(await ask(dialect, true))).text).toContain(ENDS[dialect])
  expect(performance.now() - startMs).toBeGreaterThan(45)
  expect(JSON.stringify(await (await ask(dialect, false)).json())).toContain('owl bat yak gnu elk wolf')
})

test.each(DIALECTS)('%s: no terminal marker, or two', async (dialect) => {
  await bundle.fault({ kind: 'no_terminal', times: 1 })
  const without = await read(await ask(dialect, true))
  expect([without.clean, words(without.text), without.text.includes(ENDS[dialect])]).toEqual([true, 6, false])
  await bundle.fault({ kind: 'double_terminal', times: 1 })
  expect((await read(await ask(dialect, true))).text.split(ENDS[dialect])).toHaveLength(3)
})

test.each(DIALECTS)('%s: malformed data and invalid UTF-8', async (dialect) => {
  await split()
  await bundle.fault({ kind: 'malformed', times: 1 })
  const malformed = (await read(await ask(dialect, true))).text
  const lines = malformed
    .match(/data: .*(?=\r?\n)/g)!
    .map((line) => line.slice(6))
    .filter((line) => line !== '[DONE]')
  expect(
    lines.filter((line) => {
      try {
        return JSON.parse(line) === undefined
      } catch {
        return true
      }
    }),
  ).toHaveLength(1)
  await bundle.fault({ kind: 'malformed', times: 1 })
  await expect((await ask(dialect, false)).json()).rejects.toThrow('JSON')
  await bundle.fault({ kind: 'invalid_utf8', times: 2 })
  const decode = async (response: Response) =>
    new TextDecoder('utf-8', { fatal: true }).decode(await response.arrayBuffer())
  await expect(decode(await ask(dialect, true))).rejects.toThrow('not valid')
  await expect(decode(await ask(dialect, false))).rejects.toThrow('not valid')
})

test.each(DIALECTS)('%s: an error event, or an error for an answer in one piece', async (dialect) => {
  await split()
  await bundle.fault({ kind: 'error_event', afterChunks: 2, message: 'broke down', times: 2 })
  const { text, clean } = await read(await ask(dialect, true))
  expect([clean, words(text), text.includes(ENDS[dialect])]).toEqual([true, 2, false])
  expect(text.slice(text.lastIndexOf('data: ') + 6)).toContain('"message":"broke down"')
  expect((await ask(dialect, false)).status).toBe(500)
})

test('error events reach the official clients as errors', async () => {
  const messages = [{ role: 'user' as const, content: TEXT }]
  await bundle.fault({ kind: 'error_event', times: 2 })
  const openai = await bundle.openai().chat.completions.create({ model: 'gpt-5.5', messages, stream: true })
  await expect(Array.fromAsync(openai)).rejects.toThrow('The server had an error')
  const anthropic = bundle.anthropic().messages.stream({ model: 'claude-opus-4-7', max_tokens: 99, messages })
  await expect(anthropic.finalMessage()).rejects.toThrow('Overloaded')
})

test.each(DIALECTS)('%s: empty, and the wrong content type', async (dialect) => {
  await bundle.fault({ kind: 'empty', times: 2 })
  for (const stream of [true, false]) {
    const response = await ask(dialect, stream)
    expect([response.status, await response.text()]).toEqual([200, ''])
  }
  await bundle.fault({ kind: 'wrong_content_type', times: 2 })
  for (const stream of [true, false]) {
    const response = await ask(dialect, stream)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await response.text()).toContain('502 Bad Gateway')
  }
})

test('no response, for ever or for a while', async () => {
  await bundle.fault({ kind: 'no_response', times: 1 })
  const controller = new AbortController()
  const call = fetch(`${bundle.url}/openai/v1/chat/completions`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: 'Bearer key', 'content-type': 'application/json', 'x-client-request-id': 'silent' },
    body: JSON.stringify({ model: 'gpt-5.5', messages: [{ role: 'user', content: TEXT }] }),
  })
  const failed = expect(call).rejects.toThrow('aborted')
  await expect.poll(() => bundle.ledger('clientRequestId=silent')).toHaveLength(1)
  controller.abort()
  await failed
  expect(await bundle.ended('silent')).toMatchObject({ ended: 'client_gone', fault: 'no_response', status: null })
  await bundle.fault({ kind: 'no_response', delayMs: 30, times: 1 })
  expect((await ask('openai', false)).status).toBe(200)
})

test('slow drip: a byte at a time, and all of it', async () => {
  await bundle.fault({ kind: 'slow_drip', delayMs: 1, times: 1 })
  const response = await ask('google', false, 'drip')
  const pieces: Uint8Array[] = await Array.fromAsync(response.body!)
  expect(pieces.length).toBeGreaterThan(50)
  expect(Buffer.concat(pieces).toString()).toContain('owl bat yak gnu elk wolf')
  expect(await bundle.ended('drip')).toMatchObject({ ended: 'fault:slow_drip', completionTokens: 6 })
})

test('huge chunk: content of a given size, streamed or not', async () => {
  await bundle.fault({ kind: 'huge_chunk', bytes: 3_000_000, times: 2 })
  for (const stream of [true, false]) {
    const { text, clean } = await read(await ask('anthropic', stream))
    expect(clean && text.length > 3_000_000).toBe(true)
  }
})

test.each(DIALECTS)('%s: endless', async (dialect) => {
  await bundle.fault({ kind: 'endless', times: 2 })
  for (const stream of [true, false]) {
    const reader = (await ask(dialect, stream, `endless${stream}`)).body!.getReader()
    for (let bytes = 0; bytes < 20_000; ) bytes += (await reader.read()).value!.length
    await reader.cancel()
    expect(await bundle.ended(`endless${stream}`)).toMatchObject({ ended: 'client_gone', fault: 'endless' })
  }
})

test('usage of zero, and below', async () => {
  const client = bundle.openai()
  const create = () => client.chat.completions.create({ model: 'gpt-5.5', messages: [{ role: 'user', content: TEXT }] })
  await bundle.fault({ kind: 'zero_usage', times: 1 })
  expect((await create()).usage).toMatchObject({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 })
  await bundle.fault({ kind: 'negative_usage', times: 1 })
  expect((await create()).usage).toMatchObject({ prompt_tokens: -8, completion_tokens: -6 })
  expect((await bundle.ledger()).map((call) => call.completionTokens)).toEqual([6, 6])
})

test('a second response on the same connection', async () => {
  await bundle.fault({ kind: 'extra_response', times: 1 })
  const body = JSON.stringify({ model: 'gpt-5.5', messages: [{ role: 'user', content: TEXT }] })
  const socket = connect(Number(new URL(bundle.url).port), '127.0.0.1')
  socket.write(
    `POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  let text = ''
  for await (const piece of socket) {
    text += piece
    if (text.includes('stray answer')) break
  }
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
})

test('compression bombs, chains of encodings, huge headers', async () => {
  const raw = (maxHeaderSize?: number) =>
    new Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
      const headers = { authorization: 'Bearer k', 'content-type': 'application/json' }
      const request = httpRequest(
        `${bundle.url}/openai/v1/chat/completions`,
        { method: 'POST', headers, maxHeaderSize },
        async (response) => {
          resolve({ headers: response.headers, body: Buffer.concat(await Array.fromAsync(response)) })
        },
      )
      request.once('error', reject)
      request.end(JSON.stringify({ model: 'gpt-5.5', messages: [{ role: 'user', content: TEXT }] }))
    })
  await bundle.fault({ kind: 'encoding_bomb', bytes: 5_000_000, times: 1 })
  const bomb = await raw()
  expect([bomb.headers['content-encoding'], bomb.body.length < 10_000, gunzipSync(bomb.body).length]).toEqual([
    'gzip',
    true,
    5_000_000,
  ])
  await bundle.fault({ kind: 'encoding_chain', times: 1 })
  expect(String((await raw()).headers['content-encoding']).split(', ')).toHaveLength(1000)
  await bundle.fault({ kind: 'huge_headers', times: 2 })
  expect(String((await raw(4_000_000)).headers['x-filler'])).toHaveLength(1024 * 1024)
  await expect(raw()).rejects.toMatchObject({ code: 'HPE_HEADER_OVERFLOW' })
})

test('faults are listed with their count, deleted, and chosen by model, dialect and kind of answer', async () => {
  const id = await bundle.fault({ kind: 'status', status: 500, model: 'gpt-5.5', stream: true })
  expect((await ask('openai', false)).status).toBe(200)
  expect((await ask('anthropic', true)).status).toBe(200)
  expect((await ask('openai', true)).status).toBe(500)
  expect(await bundle.control('GET', 'faults')).toMatchObject({
    faults: [{ id, kind: 'status', fired: 1, left: null }],
  })
  await bundle.control('DELETE', `faults/${id}`)
  expect((await ask('openai', true)).status).toBe(200)
  await expect(bundle.control('DELETE', `faults/${id}`)).rejects.toThrow('404')
  await expect(bundle.control('POST', 'faults', { kind: 'explode' })).rejects.toThrow('400')
})
