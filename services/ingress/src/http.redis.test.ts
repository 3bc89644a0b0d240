import type { ApiKeyRecord } from '@switchyard/accounts/key-store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_BOUNDS } from './app.ts'
import { errorIn } from './testing/bodies.ts'
import { exchange, firstAnswer } from './testing/raw-http.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
const BODY_BYTES = 1_000_000
beforeAll(async () => {
  stack = await startStack({
    tuning: {
      bounds: { ...DEFAULT_BOUNDS, bodyBytes: BODY_BYTES, headersMs: 400, requestMs: 800 },
    },
  })
})
afterAll(() => stack.stop())

const CHAT = '/v1/chat/completions'
const done = (text: string) => /\r\n\r\n.*\}$/s.test(text)

/** A request line and headers, with the key unless told otherwise. */
function request(method: string, path: string, headers: string[] = [], body = ''): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Bearer ${stack.key}`,
    ...headers,
    '',
    body,
  ].join('\r\n')
}

async function answerTo(bytes: string | Buffer, forMs?: number) {
  const { text, closed } = await exchange(stack.url, bytes, { enough: done, ...(forMs ? { forMs } : {}) })
  return { ...firstAnswer(text), closed, text }
}

describe('credentials', () => {
  it.each<[string, Record<string, string>, string]>([
    ['none', {}, 'missing_api_key'],
    ['an empty one', { authorization: '' }, 'missing_api_key'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'invalid_api_key'],
    ['a wrong key', { authorization: 'Bearer sk-sy-wrong' }, 'invalid_api_key'],
    ['quotes and SQL', { authorization: `Bearer ' OR 1=1; --"` }, 'invalid_api_key'],
    ['a glob', { authorization: 'Bearer *' }, 'invalid_api_key'],
    ['8 kB', { authorization: `Bearer ${'a'.repeat(8_000)}` }, 'invalid_api_key'],
  ])('%s: 401', async (_name, headers, code) => {
    const response = await fetch(`${stack.url}/v1/models`, { headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    const error = await errorIn(response)
    expect(error).toMatchObject({ code, type: 'invalid_request_error', param: null })
    expect(JSON.stringify(error)).not.toContain('OR 1=1')
  })

  it('a key in the query: 401', async () => {
    const response = await fetch(`${stack.url}/v1/models?api_key=${stack.key}&key=${stack.key}`)
    expect([response.status, (await errorIn(response)).code]).toEqual([401, 'missing_api_key'])
  })

  it('two Authorization headers: 401, even when the first is right', async () => {
    const answer = await answerTo(request('GET', '/v1/models', ['authorization: Bearer other']))
    expect([answer.status, answer.code]).toEqual([401, 'invalid_api_key'])
  })

  it.each<[string, Partial<ApiKeyRecord>, number, string]>([
    ['expired', { expiresAtMs: Date.now() - 1 }, 401, 'key_expired'],
    ['revoked', { revokedAtMs: Date.now() - 1 }, 401, 'key_revoked'],
    ['without the scope', { scopes: ['jobs.read', 'inference'] }, 403, 'insufficient_scope'],
  ])('a key that is %s', async (_name, given, status, code) => {
    const key = await stack.makeKey(stack.project, given)
    const response = await fetch(`${stack.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    expect(response.status).toBe(status)
    const error = await errorIn(response)
    expect(error.code).toBe(code)
    expect(error.message).not.toContain(key.slice(0, 20))
  })

  it('more than a hundred wrong ones a minute: 429, and good ones are served', async () => {
    const own = await startStack()
    const wrong = { headers: { authorization: `Bearer ${own.key}0` } }
    const answers = await Promise.all(Array.from({ length: 110 }, () => fetch(`${own.url}/v1/models`, wrong)))
    const slowed = answers.filter(({ status }) => status === 429)
    expect(slowed).toHaveLength(10)
    expect((await errorIn(slowed[0]!)).code).toBe('too_many_auth_failures')
    expect(Number(slowed[0]!.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await own.fetch('/v1/models')).status).toBe(200)
    await own.stop()
  })

  it('are checked before the body is read', async () => {
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n{`
    expect((await answerTo(head)).status).toBe(401)
  })
})

describe('bodies', () => {
  async function send(body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) {
    const response = await stack.fetch(CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    return { status: response.status, error: await errorIn(response), headers: response.headers }
  }

  it.each<[string, string | Buffer<ArrayBuffer>, number, string]>([
    ['empty', '', 400, 'invalid_json'],
    ['not JSON', 'hello canary', 400, 'invalid_json'],
    ['with a byte order mark', '\ufeff{}', 400, 'invalid_json'],
    ['two documents', '{}{}', 400, 'invalid_json'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid_encoding'],
    ['100,000 deep', '['.repeat(100_000), 400, 'json_too_deep'],
    ['70,000 keys', `{${Array.from({ length: 70_000 }, (_, i) => `"k${i}":0`).join()}}`, 400, 'json_too_complex'],
    ['with a key twice', '{"model":"a","model":"b"}', 400, 'invalid_json'],
    ['with __proto__', '{"__proto__":{}}', 400, 'invalid_json'],
    ['with 1e999', '{"temperature":1e999}', 400, 'invalid_value'],
    ['over the limit', 'x'.repeat(BODY_BYTES + 1), 413, 'request_too_large'],
  ])('%s', async (_name, body, status, code) => {
    const answer = await send(body)
    expect([answer.status, answer.error.code]).toEqual([status, code])
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
    expect(answer.error.message).not.toContain('canary')
  })

  it('over the limit in chunks: 413, and reading stops', async () => {
    let sent = 0
    const piece = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
    const { text } = await exchange(
      stack.url,
      request('POST', CHAT, ['content-type: application/json', 'transfer-encoding: chunked']),
      {
        enough: done,
        after(socket) {
          const timer = setInterval(() => {
            sent += piece.length
            if (socket.destroyed || sent > 20 * BODY_BYTES) clearInterval(timer)
            else socket.write(piece)
          }, 1)
        },
      },
    )
    expect(firstAnswer(text)).toMatchObject({ status: 413, code: 'request_too_large' })
    expect(sent).toBeLessThan(10 * BODY_BYTES)
  })

  it.each<[string, string[]]>([
    ['no content type', []],
    ['text/plain', ['content-type: text/plain']],
    ['xml', ['content-type: application/xml']],
    ['a form', ['content-type: application/x-www-form-urlencoded']],
    ['json with garbage', ['content-type: application/json garbage']],
    ['json and a tab', ['content-type: application/json\t;x']],
    ['json in UTF-16', ['content-type: application/json; charset=utf-16']],
    ['two types', ['content-type: application/json, text/plain']],
  ])('%s: 415', async (_name, headers) => {
    const answer = await answerTo(request('POST', CHAT, [...headers, 'content-length: 2'], '{}'))
    expect([answer.status, answer.code]).toEqual([415, 'unsupported_media_type'])
  })

  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('content type %s is taken', async (type) => {
    const answer = await answerTo(request('POST', CHAT, [`content-type: ${type}`, 'content-length: 2'], '{}'))
    expect(answer.code).toBe('missing_required_parameter')
  })

  it.each(['gzip', 'gzip, gzip', 'br', 'x'])('content-encoding %s: 415', async (encoding) => {
    const answer = await send('{}', { 'content-encoding': encoding })
    expect([answer.status, answer.error.code]).toEqual([415, 'unsupported_content_encoding'])
  })

  it.each(['switchyard', 'a-cdn; x=1, switchyard', 'switchyard;v=1'])(
    'a webhook of ours, cdn-loop %s: 410',
    async (loop) => {
      const answer = await send('{}', { 'cdn-loop': loop })
      expect([answer.status, answer.error.code]).toEqual([410, 'webhook_loop'])
    },
  )

  it('what others passed on is taken', async () => {
    const answer = await send('{}', { 'cdn-loop': 'switchyards, another' })
    expect(answer.error.code).toBe('missing_required_parameter')
  })

  it('that never end are 408', async () => {
    const head = request('POST', CHAT, ['content-type: application/json', 'content-length: 100'])
    expect(await answerTo(`${head}{"mod`)).toMatchObject({ status: 408, code: 'request_timeout' })
  })

  it('whose sender leaves halfway store nothing', async () => {
    const before = await stack.fetch('/v1/jobs?limit=1').then((response) => response.text())
    const body = JSON.stringify({ model: stack.model, messages: [{ role: 'user', content: 'x' }] })
    await exchange(
      stack.url,
      request('POST', CHAT, ['content-type: application/json', `content-length: ${body.length + 5}`], body),
      { after: (socket) => setTimeout(() => socket.end(), 20) },
    )
    expect(await stack.fetch('/v1/jobs?limit=1').then((response) => response.text())).toBe(before)
  })
})

describe('what is no proper HTTP/1.1', () => {
  const GET = 'GET /healthz HTTP/1.1\r\n'
  it.each<[string, string, number, string]>([
    [
      'CL and TE',
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'invalid_request',
    ],
    [
      'two CL',
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd`,
      400,
      'invalid_request',
    ],
    [
      'xchunked',
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
      400,
      'invalid_request',
    ],
    ['bare line feeds', 'GET /healthz HTTP/1.1\nhost: a\n\n', 400, 'invalid_request'],
    ['a NUL in a header', `${GET}host: a\r\nx: \0\r\n\r\n`, 400, 'invalid_request'],
    ['a header of 20 kB', `${GET}host: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['2,000 headers', `${GET}host: a\r\n${'a: b\r\n'.repeat(2_000)}\r\n`, 431, 'headers_too_large'],
    ['no host', `${GET}\r\n`, 400, 'invalid_host'],
    ['no host in 1.0', 'GET /healthz HTTP/1.0\r\n\r\n', 400, 'invalid_host'],
    ['two hosts', `${GET}host: a\r\nhost: b\r\n\r\n`, 400, 'invalid_host'],
    ['a host with a path', `${GET}host: a?x=/#\r\n\r\n`, 400, 'invalid_host'],
    ['a host with a user', `${GET}host: u@a\r\n\r\n`, 400, 'invalid_host'],
    ['an empty host', `${GET}host: \r\n\r\n`, 400, 'invalid_host'],
    ['an absolute target', 'GET http://evil/healthz HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'invalid_host'],
    ['TRACE', 'TRACE /healthz HTTP/1.1\r\nhost: a\r\n\r\n', 405, 'method_not_allowed'],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n', 405, 'method_not_allowed'],
    ['HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
    ['an unknown expectation', `${GET}host: a\r\nexpect: a-cake\r\n\r\n`, 400, 'invalid_request'],
    ['an unknown method', 'BREW /healthz HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'invalid_request'],
  ])('%s', async (_name, bytes, status, code) => {
    const answer = await answerTo(bytes)
    expect([answer.status, answer.code]).toEqual([status, code])
    expect(answer.headers).toMatch(/x-request-id: req_/)
    expect(answer.headers).toContain('content-type: application/json')
  })

  it('TLS: 400', async () => {
    const hello = Buffer.from('16030100a5010000a10303', 'hex')
    expect(await answerTo(Buffer.concat([hello, Buffer.alloc(200)]))).toMatchObject({ status: 400, closed: false })
  })

  it('chunk extensions without end are refused', async () => {
    const head = request('POST', CHAT, ['content-type: application/json', 'transfer-encoding: chunked'])
    const answer = await answerTo(`${head}2;${'x'.repeat(40_000)}`)
    expect([answer.status, answer.code]).toEqual([413, 'request_too_large'])
  })

  it('headers that never end: 408', async () => {
    expect(await answerTo('GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ')).toMatchObject({
      status: 408,
      code: 'request_timeout',
    })
  })

  it('connections beyond the bound are closed', async () => {
    const narrow = await startStack({ tuning: { bounds: { ...DEFAULT_BOUNDS, connectionsPerAddress: 3 } } })
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () =>
        exchange(narrow.url, '', { forMs: 500 }).then(
          () => 'closed',
          () => 'open',
        ),
      ),
    )
    expect(outcomes.sort()).toEqual(['closed', 'closed', 'open', 'open', 'open'])
    await narrow.stop()
  })

  it('1,000 requests in one go are answered in order', async () => {
    const one = 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'
    const other = 'GET /nope HTTP/1.1\r\nhost: a\r\n\r\n'
    const { text } = await exchange(stack.url, (one + other).repeat(500), {
      enough: (sofar) => (sofar.match(/HTTP\/1\.1 /g)?.length ?? 0) >= 1_000 && done(sofar),
    })
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    expect(statuses).toEqual(Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? '200' : '404')))
  })
})

describe('paths and methods', () => {
  it.each<[string, string, number, string]>([
    ['GET', '/nope', 404, 'unknown_url'],
    ['GET', '/V1/models', 404, 'unknown_url'],
    ['GET', '//v1/models', 404, 'unknown_url'],
    ['GET', '/v1/models/', 404, 'model_not_found'],
    ['GET', '/v1/models/..;/x', 404, 'unknown_url'],
    ['GET', '/v1/%6dodels/%zz', 400, 'invalid_url'],
    ['GET', '/v1/models/%00', 404, 'model_not_found'],
    ['GET', '/v1/models/__proto__', 404, 'model_not_found'],
    ['GET', '/metrics', 404, 'unknown_url'],
    ['GET', CHAT, 405, 'method_not_allowed'],
    ['DELETE', '/v1/models', 405, 'method_not_allowed'],
    ['PATCH', '/v1/jobs', 405, 'method_not_allowed'],
    ['OPTIONS', CHAT, 405, 'method_not_allowed'],
  ])('%s %s', async (method, path, status, code) => {
    const answer = await answerTo(request(method, path))
    expect([answer.status, answer.code]).toEqual([status, code])
    if (status === 405) expect(answer.headers).toMatch(/allow: (GET|POST)/i)
    expect(answer.headers).not.toContain('access-control')
  })

  it('a wrong method is told before any body or key is asked for', async () => {
    const response = await fetch(`${stack.url}/v1/models`, {
      method: 'PUT',
      body: 'x',
      headers: { 'content-type': 'a/b' },
    })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
  })

  it('hostile tracing headers are passed over', async () => {
    const response = await stack.chat(
      {},
      {
        prefer: 'respond-async',
        traceparent: '00-00000000000000000000000000000000-0000000000000000-ff',
        baggage: 'x'.repeat(6_000),
        'x-request-id': 'mine',
      },
    )
    expect(response.status).toBe(202)
    expect(response.headers.get('x-request-id')).toMatch(/^job_/)
    const job = await stack.worker.next()
    expect(job.claim.record.spec.traceparent).toBeUndefined()
    await job.complete('{}')
  })
})

describe('without a key', () => {
  it('healthz, readyz, openapi.json and docs are there, and bring nothing from elsewhere', async () => {
    expect(await (await fetch(`${stack.url}/healthz`)).json()).toEqual({ status: 'ok' })
    expect((await fetch(`${stack.url}/healthz`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200)
    const document = (await (await fetch(`${stack.url}/openapi.json`)).json()) as { openapi: string; paths: object }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths).sort()).toEqual([
      '/healthz',
      '/readyz',
      '/v1/batches',
      '/v1/batches/{batch_id}',
      '/v1/batches/{batch_id}/cancel',
      '/v1/batches/{batch_id}/output',
      '/v1/batches/{batch_id}/pause',
      '/v1/batches/{batch_id}/resume',
      '/v1/batches/{batch_id}/retry_failed',
      '/v1/chat/completions',
      '/v1/events',
      '/v1/files',
      '/v1/files/{file_id}',
      '/v1/files/{file_id}/content',
      '/v1/jobs',
      '/v1/jobs/{job_id}',
      '/v1/jobs/{job_id}/cancel',
      '/v1/jobs/{job_id}/events',
      '/v1/jobs/{job_id}/result',
      '/v1/models',
      '/v1/models/{model}',
      '/v1/responses',
      '/v1/responses/{response_id}',
      '/v1/responses/{response_id}/cancel',
      '/v1/responses/{response_id}/input_items',
      '/v1/route',
      '/v1/webhook_endpoints',
      '/v1/webhook_endpoints/{webhook_endpoint_id}',
      '/v1/webhook_endpoints/{webhook_endpoint_id}/deliveries',
      '/v1/webhook_endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}',
      '/v1/webhook_endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/redeliver',
      '/v1/webhook_endpoints/{webhook_endpoint_id}/redeliver',
      '/v1/webhook_endpoints/{webhook_endpoint_id}/rotate_secret',
      '/v1/webhook_endpoints/{webhook_endpoint_id}/test',
      '/v1/webhook_event_types',
    ])
    const docs = await fetch(`${stack.url}/docs`)
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'")
    const page = await docs.text()
    const nonce = /'nonce-([^']+)'/.exec(docs.headers.get('content-security-policy')!)![1]!
    for (const [tag] of page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`)
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
    const script = await fetch(new URL(/src="([^"]+\.js)"/.exec(page)![1]!, docs.url))
    expect(script.headers.get('content-type')).toContain('javascript')
  })
})

describe('GET /v1/models', () => {
  it('lists the catalog', async () => {
    const model = { id: stack.model, object: 'model', created: expect.any(Number), owned_by: 'switchyard' }
    expect(await (await stack.fetch('/v1/models')).json()).toEqual({ object: 'list', data: [model] })
    expect(await (await stack.fetch(`/v1/models/${stack.model}`)).json()).toEqual(model)
  })
})
