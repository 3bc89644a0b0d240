import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { newFileId } from '@switchyard/batches/files/file-id'
import OpenAI, { toFile } from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEFAULT_BOUNDS } from './app.ts'
import { errorIn } from './testing/bodies.ts'
import { exchange, firstAnswer } from './testing/raw-http.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

const DAY_S = 86_400
const LINES = Buffer.from('{"custom_id":"1"}\n{"custom_id":"2"}\n')

let stack: Stack
let client: OpenAI
beforeAll(async () => {
  stack = await startStack({ tuning: { bounds: { ...DEFAULT_BOUNDS, requestMs: 800 } } })
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 })
})
afterAll(() => stack.stop())

async function stored(): Promise<string[]> {
  return readdir(join(stack.directory, 'blobs', stack.project)).catch(() => [])
}

describe('the official client', () => {
  afterEach(async () => {
    for await (const file of client.files.list()) await client.files.delete(file.id)
    expect(await stored()).toEqual([])
  })

  it('uploads, finds, reads and deletes a file', async () => {
    const path = join(stack.directory, 'Überblick ☃.jsonl')
    await writeFile(path, LINES)
    const file = await client.files.create({ file: createReadStream(path), purpose: 'batch' })
    expect(file).toMatchObject({
      object: 'file',
      bytes: LINES.length,
      filename: 'Überblick ☃.jsonl',
      purpose: 'batch',
      status: 'processed',
    })
    expect(file.id).toMatch(/^file-/)
    expect(file.expires_at! - file.created_at).toBe(30 * DAY_S)
    expect(Math.abs(file.created_at - Date.now() / 1000)).toBeLessThan(60)
    expect(await client.files.retrieve(file.id)).toEqual(file)
    const content = await client.files.content(file.id)
    expect(Buffer.from(await content.arrayBuffer())).toEqual(LINES)
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true })
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'not_found' })
    await expect(client.files.content(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(client.files.delete(file.id)).rejects.toMatchObject({ status: 404 })
  })

  it('says when a file expires', async () => {
    const file = await client.files.create({
      file: await toFile(LINES, 'a.jsonl'),
      purpose: 'user_data',
      expires_after: { anchor: 'created_at', seconds: 3_600 },
    })
    expect(file.expires_at! - file.created_at).toBe(3_600)
    const kept = await client.files.create({ file: await toFile(LINES, 'a.txt'), purpose: 'user_data' })
    expect(kept.expires_at).toBeNull()
  })

  it('pages through the list, of one purpose or of all, in both orders', async () => {
    const made: { id: string; purpose: string }[] = []
    for (const purpose of ['batch', 'user_data', 'batch', 'vision', 'batch'] as const) {
      made.push(await client.files.create({ file: await toFile(LINES, 'a.jsonl'), purpose }))
      // One a millisecond: ids of the same one are in no order.
      const atMs = Date.now()
      await vi.waitUntil(() => Date.now() > atMs, { interval: 1 })
    }
    const ids = made.map(({ id }) => id)
    const listed = async (query: OpenAI.FileListParams) => {
      const found: string[] = []
      for await (const { id } of client.files.list(query)) found.push(id)
      return found
    }
    for (const limit of [1, 2, 5, 6]) {
      expect(await listed({ limit })).toEqual(ids.toReversed())
      expect(await listed({ limit, order: 'asc' })).toEqual(ids)
      expect(await listed({ limit, order: 'asc', purpose: 'batch' })).toEqual([ids[0], ids[2], ids[4]])
    }
    const page = await client.files.list({ limit: 2 })
    expect([page.data.length, page.has_more]).toEqual([2, true])
    await client.files.delete(ids[3]!)
    expect(await listed({ limit: 10, after: ids[3]! })).toEqual([ids[2], ids[1], ids[0]])
  })

  it('does not see files of others', async () => {
    const file = await client.files.create({ file: await toFile(LINES, 'a.jsonl'), purpose: 'batch' })
    for (const [path, method] of [
      ['', 'GET'],
      ['/content', 'GET'],
      ['', 'DELETE'],
    ] as const) {
      const response = await stack.fetchAsOther(`/v1/files/${file.id}${path}`, { method })
      expect(response.status).toBe(404)
      expect(await errorIn(response)).toMatchObject({ code: 'not_found', param: 'file_id' })
    }
    expect(await (await stack.fetchAsOther('/v1/files')).json()).toMatchObject({ data: [], has_more: false })
    expect(await client.files.retrieve(file.id)).toEqual(file)
  })

  it('has its own scopes', async () => {
    const key = await stack.makeKey(stack.project, { scopes: ['files.read'] })
    const reader = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: key, maxRetries: 0 })
    await reader.files.list()
    const upload = reader.files.create({ file: await toFile(LINES, 'a.jsonl'), purpose: 'batch' })
    await expect(upload).rejects.toMatchObject({ status: 403, code: 'insufficient_scope' })
  })
})

describe('GET /v1/files/{id}/content', () => {
  let id: string
  beforeAll(async () => {
    const file = await toFile(Buffer.from('0123456789'), 'a"b\u202e;☃.html', { type: 'text/html' })
    id = (await client.files.create({ file, purpose: 'user_data' })).id
  })
  const content = (headers: Record<string, string>) => stack.fetch(`/v1/files/${id}/content`, { headers })

  it('can only be saved, under a name that cannot be misused', async () => {
    const response = await content({})
    expect(await response.text()).toBe('0123456789')
    const headers = Object.fromEntries(response.headers)
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    })
    expect(headers['content-disposition']).toMatch(/^attachment; filename="[\w.-]+"; filename\*=UTF-8''[\w.%-]+$/)
    expect(headers['x-request-id']).toBeTruthy()
  })

  it.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=-1', '9', 'bytes 9-9/10'],
    ['bytes=5-99', '56789', 'bytes 5-9/10'],
  ])('gives the range %s', async (range, text, contentRange) => {
    const response = await content({ range })
    expect([response.status, response.headers.get('content-range')]).toEqual([206, contentRange])
    expect(response.headers.get('content-length')).toBe(String(text.length))
    expect(await response.text()).toBe(text)
    const tag = response.headers.get('etag')!
    expect((await content({ range, 'if-range': tag })).status).toBe(206)
    expect((await content({ range, 'if-range': '"another"' })).status).toBe(200)
  })

  it('says how much there is when a range lies behind the end', async () => {
    const response = await content({ range: 'bytes=10-' })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */10'])
    expect(await errorIn(response)).toMatchObject({ code: 'range_not_satisfiable' })
  })
})

describe('POST /v1/files', () => {
  const BOUNDARY = 'xYzZy'
  const field = (name: string, value: string) =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const file = (content: string, name = 'file', filename = 'a.jsonl') =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`
  const END = `--${BOUNDARY}--\r\n`
  const purpose = field('purpose', 'user_data')
  const post = (body: string, type = `multipart/form-data; boundary=${BOUNDARY}`) =>
    stack.fetch('/v1/files', { method: 'POST', headers: { 'content-type': type }, body: Buffer.from(body) })

  it.each([
    ['purpose before the file', purpose + file('x') + END],
    ['purpose after the file', file('x') + purpose + END],
    [
      'an expiry around the file',
      field('expires_after[seconds]', '3600') +
        purpose +
        file('x') +
        field('expires_after[anchor]', 'created_at') +
        END,
    ],
    ['a preamble and an epilogue', `preamble\r\n${purpose}${file('x')}${END}epilogue`],
    ['what looks like a boundary in the content', purpose + file(`x--${BOUNDARY}--\r\n--xYz\r\n`) + END],
  ])('takes a form with %s', async (_what, body) => {
    const response = await post(body)
    expect(response.status).toBe(200)
    const { id } = (await response.json()) as { id: string }
    await client.files.delete(id)
    expect(await stored()).not.toContain(id)
  })

  it.each([
    ['no purpose', file('x') + END, 'missing_required_parameter', 'purpose'],
    ['no file', purpose + END, 'missing_required_parameter', 'file'],
    ['nothing', END, 'missing_required_parameter', 'purpose'],
    ['an unknown purpose', field('purpose', 'fun') + file('x') + END, 'invalid_value', 'purpose'],
    ['an unknown purpose behind the file', file('x') + field('purpose', 'fun') + END, 'invalid_value', 'purpose'],
    ["a batch's own purpose", field('purpose', 'batch_output') + file('x') + END, 'invalid_value', 'purpose'],
    ['two purposes', purpose + purpose + file('x') + END, 'invalid_value', 'purpose'],
    ['an empty file', purpose + file('') + END, 'invalid_value', 'file'],
    ['two files', purpose + file('x') + file('y') + END, 'invalid_value', 'file'],
    ['a file without a filename', purpose + field('file', 'x') + END, 'invalid_value', 'file'],
    ['a file of another name', purpose + file('x', 'document') + END, 'unknown_parameter', 'document'],
    ['an unknown field', purpose + field('colour', 'red') + file('x') + END, 'unknown_parameter', 'colour'],
    ['a huge field', field('purpose', 'x'.repeat(100_000)) + file('x') + END, 'invalid_value', 'purpose'],
    [
      'an expiry too soon',
      purpose +
        field('expires_after[anchor]', 'created_at') +
        field('expires_after[seconds]', '3599') +
        file('x') +
        END,
      'invalid_value',
      'expires_after[seconds]',
    ],
    [
      'an expiry too late',
      purpose +
        field('expires_after[anchor]', 'created_at') +
        field('expires_after[seconds]', '2592001') +
        file('x') +
        END,
      'invalid_value',
      'expires_after[seconds]',
    ],
    [
      'an expiry without an anchor',
      purpose + field('expires_after[seconds]', '3600') + file('x') + END,
      'invalid_value',
      'expires_after[anchor]',
    ],
    [
      'another anchor',
      purpose + field('expires_after[anchor]', 'now') + field('expires_after[seconds]', '3600') + file('x') + END,
      'invalid_value',
      'expires_after[anchor]',
    ],
    ['no end', purpose + file('x'), 'invalid_multipart', null],
    ['no end within the file', `${purpose}${file('x').slice(0, -2)}`, 'invalid_multipart', null],
    ['no parts', 'hello', 'invalid_multipart', null],
    ['no body', '', 'invalid_multipart', null],
    [
      'a part without a name',
      `--${BOUNDARY}\r\ncontent-disposition: form-data; filename="x"\r\n\r\nx\r\n${END}`,
      'invalid_multipart',
      null,
    ],
    [
      'very many parts',
      field('x', '').repeat(1).concat(`--${BOUNDARY}\r\n\r\n\r\n`.repeat(100_000)) + END,
      'unknown_parameter',
      'x',
    ],
    ['very many empty parts', `--${BOUNDARY}\r\n\r\n\r\n`.repeat(100_000) + END, 'invalid_multipart', null],
  ])('refuses a form with %s and keeps nothing', async (_what, body, code, param) => {
    const before = await stored()
    const response = await post(body)
    expect(response.status).toBe(400)
    expect(await errorIn(response)).toMatchObject({ code, param })
    expect(await stored()).toEqual(before)
  })

  it.each([
    [undefined, 415, 'unsupported_media_type'],
    ['application/json', 415, 'unsupported_media_type'],
    ['multipart/mixed; boundary=x', 415, 'unsupported_media_type'],
    ['multipart/form-data', 400, 'invalid_multipart'],
    ['multipart/form-data; boundary=', 400, 'invalid_multipart'],
    [`multipart/form-data; boundary=${'x'.repeat(10_000)}`, 400, 'invalid_multipart'],
  ])('refuses the content-type %s', async (type, status, code) => {
    const head = `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stack.key}\r\n${type === undefined ? '' : `content-type: ${type}\r\n`}content-length: 5\r\n\r\nhello`
    const { text } = await exchange(stack.url, head, { enough: (text) => text.includes('"code"') })
    expect(firstAnswer(text)).toMatchObject({ status, code })
  })

  it('shows a name without folders and without what cannot be seen', async () => {
    const response = await post(purpose + file('x', 'file', '../../etc/\u202epasswd') + END)
    const made = (await response.json()) as { id: string; filename: string }
    expect(made.filename).toBe('passwd')
    await client.files.delete(made.id)
  })

  it('takes no more than a batch may have, wherever the purpose stands', async () => {
    const before = await stored()
    const large = Buffer.alloc(200 * 1024 * 1024 + 1, 'x')
    const send = (parts: (string | Buffer<ArrayBuffer>)[]) =>
      stack.fetch('/v1/files', {
        method: 'POST',
        headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        body: new Blob(parts),
      })
    const [head, tail] = file('CONTENT').split('CONTENT') as [string, string]
    for (const parts of [
      [field('purpose', 'batch'), head, large, tail, END],
      [head, large, tail, field('purpose', 'batch'), END],
    ]) {
      const response = await send(parts)
      expect(response.status).toBe(413)
      expect(await errorIn(response)).toMatchObject({ code: 'file_too_large' })
    }
    expect(await stored()).toEqual(before)
  }, 60_000)

  it('leaves nothing of a client that goes in the middle', async () => {
    const before = await stored()
    const head = `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stack.key}\r\ncontent-type: multipart/form-data; boundary=${BOUNDARY}\r\ncontent-length: 9000000\r\n\r\n`
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(head + purpose + file(randomBytes(500_000).toString('hex')).slice(0, -2))
    await vi.waitUntil(async () => (await stored()).length > before.length)
    socket.destroy()
    await vi.waitUntil(async () => (await stored()).length === before.length)
    expect(await stored()).toEqual(before)
  })

  it('may take longer than other requests', async () => {
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
    const body = purpose + file('x') + END
    const head = `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stack.key}\r\ncontent-type: multipart/form-data; boundary=${BOUNDARY}\r\ncontent-length: ${body.length}\r\n\r\n`
    // Another request that stands still meanwhile measures the time.
    const other = exchange(
      stack.url,
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stack.key}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    )
    const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())))
    socket.write(head + body.slice(0, 20))
    expect(firstAnswer((await other).text)).toMatchObject({ status: 408, code: 'request_timeout' })
    socket.write(body.slice(20))
    expect(await answer).toMatch(/^HTTP\/1\.1 200/)
    socket.destroy()
    for await (const { id } of client.files.list()) await client.files.delete(id)
  })
})

describe('GET /v1/files', () => {
  it.each([
    ['limit=0', 'invalid_value', 'limit'],
    ['limit=10001', 'invalid_value', 'limit'],
    ['limit=ten', 'invalid_value', 'limit'],
    ['order=up', 'invalid_value', 'order'],
    ['purpose=fun', 'invalid_value', 'purpose'],
    ['after=*', 'invalid_cursor', 'after'],
    ['after=', 'invalid_cursor', 'after'],
    [`after=${newFileId()}&after=x`, 'invalid_cursor', 'after'],
  ])('refuses %s', async (query, code, param) => {
    const response = await stack.fetch(`/v1/files?${query}`)
    expect(response.status).toBe(400)
    expect(await errorIn(response)).toMatchObject({ code, param })
  })

  it.each(['file-x', 'file-../../x', '%00', newFileId()])('knows no file %s', async (id) => {
    const response = await stack.fetch(`/v1/files/${encodeURIComponent(id)}`)
    expect(response.status).toBe(404)
  })
})
