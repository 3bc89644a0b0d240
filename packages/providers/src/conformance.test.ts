import type { ErrorClass } from '@switchyard/contract/error-class'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callChat } from './call-provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { assemble, CANARY_KEY, call, chatCall, fixture, KINDS, upstream } from './test-support/chat-call.ts'
import { type ProviderDouble, type SendPlan, startProviderDouble } from './test-support/provider-double.ts'
import { createTransport } from './transport.ts'

const transport = createTransport()
let double: ProviderDouble
beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(async () => {
  await transport.stop()
  await transport.stop()
  await double.stop()
})

const TEXT = 'Grüße aus "Köln", 世界 🌍!\n'
const SSE = { 'content-type': 'text/event-stream; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json' }
/** Each provider's own figures for the same fixture. */
const TEXT_USAGE = {
  inputTokens: 1312,
  cachedInputTokens: 1024,
  cacheWriteTokens: 0,
  outputTokens: 18,
  reasoningTokens: 0,
}

const stream = (kind: ProviderKind, name: string, more: Partial<SendPlan> = {}): SendPlan => ({
  headers: SSE,
  body: fixture(kind, name),
  ...more,
})
const json = (kind: ProviderKind, name: string, more: Partial<SendPlan> = {}): SendPlan => ({
  headers: JSON_TYPE,
  body: fixture(kind, name),
  ...more,
})

describe.each(KINDS)('%s', (kind) => {
  const to = (more: Parameters<typeof upstream>[2] = {}) => upstream(kind, double.url, more)

  describe('a stream', () => {
    test('is passed on as chunks: role first, then text, then one finish; usage only for those who asked', async () => {
      double.answer(stream(kind, 'text.sse'))
      const { result, lines } = await call(transport, { upstream: to() })
      expect(result).toMatchObject({ ok: true, body: null, httpStatus: 200, usage: TEXT_USAGE, dropped: [] })
      const seen = assemble(lines)
      expect(seen).toMatchObject({ text: TEXT, finish: 'stop', usage: null, roles: [0] })
      expect(seen.ids).toHaveLength(1)
      expect(lines.filter((line) => line.content).length).toBeGreaterThan(2)
      expect(lines[0]?.content).toBe(false)

      const asked = await call(transport, { upstream: to(), includeUsage: true })
      expect(assemble(asked.lines).usage).toMatchObject({
        prompt_tokens: 1312,
        completion_tokens: 18,
        total_tokens: 1330,
        prompt_tokens_details: { cached_tokens: 1024 },
      })
      expect(JSON.parse(asked.lines.at(-1)?.data ?? '').choices).toEqual([])
    })

    test('of parallel tool calls keeps ids, names, order and arguments', async () => {
      double.answer(stream(kind, 'tools.sse'))
      const { result, lines } = await call(transport, { upstream: to() })
      expect(result).toMatchObject({ ok: true, usage: { inputTokens: 88, outputTokens: 41 } })
      const { tools, finish } = assemble(lines)
      expect(finish).toBe('tool_calls')
      expect(tools.map(({ id, name }) => [id, name])).toEqual([
        ['call_A1', 'get_weather'],
        ['call_B2', 'get_time'],
      ])
      expect(tools.map((tool) => JSON.parse(tool.arguments))).toEqual([{ city: 'Köln' }, { zone: 'Europe/Berlin' }])
      if (kind !== 'google') expect(tools[0]?.fragments).toBeGreaterThan(2)
    })

    test('of a reasoning model shows its thoughts apart and counts them', async () => {
      double.answer(stream(kind, 'reasoning.sse'))
      const { result, lines } = await call(transport, { upstream: to() })
      expect(assemble(lines)).toMatchObject({ text: '4', reasoning: 'Two plus two.', finish: 'stop' })
      expect(result).toMatchObject({ ok: true, usage: { inputTokens: 21, outputTokens: 130, reasoningTokens: 128 } })
    })

    test('that reached its maximum says length', async () => {
      double.answer(stream(kind, 'length.sse'))
      expect(assemble((await call(transport, { upstream: to() })).lines)).toMatchObject({
        text: 'Once upon',
        finish: 'length',
      })
    })

    test('is the same byte by byte over a socket', async () => {
      double.answer(stream(kind, 'text.sse', { pieceBytes: 1 }))
      expect(assemble((await call(transport, { upstream: to() })).lines).text).toBe(TEXT)
    })

    test('waits for a sink that is not ready, and loses nothing', async () => {
      double.answer(stream(kind, 'text.sse'))
      let open = 0
      let most = 0
      const seen: string[] = []
      const result = await callChat(transport, chatCall({ upstream: to() }), {
        async data(line) {
          most = Math.max(most, ++open)
          await new Promise(setImmediate)
          seen.push(line)
          open--
        },
      })
      expect(result.ok).toBe(true)
      expect(most).toBe(1)
      expect(assemble(seen.map((data) => ({ data, content: true }))).text).toBe(TEXT)
    })

    test('whose sink fails is broken off', async () => {
      double.answer(
        stream(kind, 'text.sse', { breakAt: { at: fixture(kind, 'text.sse').length - 200, how: 'silence' } }),
      )
      const sink = { data: () => Promise.reject(new Error('the reader is gone')) }
      const result = await callChat(transport, chatCall({ upstream: to() }), sink)
      expect(result).toMatchObject({ ok: false, failure: { class: 'broken_stream' } })
      await double.calls[0]?.closed
      double.answer(json(kind, 'text.json'))
      const made = await callChat(transport, chatCall({ upstream: to({ streams: false }) }), sink)
      expect(made).toMatchObject({ ok: false, failure: { class: 'broken_stream' } })
    })

    test('for a deployment without streams is made of the whole answer', async () => {
      double.answer(json(kind, 'tools.json'))
      const { result, lines } = await call(transport, { upstream: to({ streams: false }), includeUsage: true })
      expect(result).toMatchObject({ ok: true, body: null })
      expect(double.calls[0]?.json.stream).toBeUndefined()
      const seen = assemble(lines)
      expect(seen).toMatchObject({ finish: 'tool_calls', usage: { prompt_tokens: 88 } })
      expect(seen.tools.map((tool) => tool.name)).toEqual(['get_weather', 'get_time'])
      expect(JSON.parse(seen.tools[0]?.arguments ?? '')).toEqual({ city: 'Köln' })
    })
  })

  describe('one answer', () => {
    test('is a chat completion with its usage', async () => {
      double.answer(json(kind, 'text.json'))
      const { result, lines } = await call(transport, { upstream: to(), stream: false })
      expect(lines).toEqual([])
      if (!result.ok) throw new Error(result.failure.message)
      expect(result.usage).toEqual(TEXT_USAGE)
      const body = JSON.parse(result.body ?? '')
      expect(body).toMatchObject({
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: TEXT, refusal: null }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1312, completion_tokens: 18 },
      })
      if (kind === 'openai') expect(result.body).toBe(fixture(kind, 'text.json').toString())
    })

    test('of tool calls and of thoughts', async () => {
      double.answer(json(kind, 'tools.json'), json(kind, 'reasoning.json'))
      const tools = await call(transport, { upstream: to(), stream: false })
      const { message, finish_reason } = JSON.parse((tools.result.ok && tools.result.body) || '').choices[0]
      expect(finish_reason).toBe('tool_calls')
      expect(message.content).toBeNull()
      expect(message.tool_calls.map((tool: { function: object }) => tool.function)).toEqual([
        { name: 'get_weather', arguments: '{"city":"Köln"}' },
        { name: 'get_time', arguments: '{"zone":"Europe/Berlin"}' },
      ])
      const thoughts = await call(transport, { upstream: to(), stream: false })
      expect(JSON.parse((thoughts.result.ok && thoughts.result.body) || '').choices[0].message).toMatchObject({
        content: '4',
        reasoning_content: 'Two plus two.',
      })
    })
  })

  describe('the call', () => {
    test('carries model, attempt and credential, asks for plain bytes, and never carries our own fields', async () => {
      double.answer(json(kind, 'text.json'))
      await call(transport, { upstream: to(), stream: false, body: { switchyard: { tags: { a: 'b' } } } })
      const [received] = double.calls
      expect(received?.headers).toMatchObject({
        'accept-encoding': 'identity',
        'x-client-request-id': 'job_01J8ZQ4YB3M5T7V9X1C2D3E4F5.1',
        'content-type': 'application/json',
      })
      const credential = { openai: 'authorization', anthropic: 'x-api-key', google: 'x-goog-api-key' }[kind]
      expect(received?.headers[credential]).toBe(kind === 'openai' ? `Bearer ${CANARY_KEY}` : CANARY_KEY)
      expect(received?.path).not.toContain(CANARY_KEY)
      expect(received?.body).not.toContain('switchyard')
      expect(received?.path + (received?.body ?? '')).toContain(to().model)
      expect(received?.body).not.toContain('alias')
    })

    test('to a server without a key carries none, not even one of the environment', async () => {
      double.answer(json(kind, 'text.json'))
      process.env.ANTHROPIC_API_KEY = 'sk-from-environment'
      process.env.GOOGLE_GENERATIVE_AI_API_KEY = 'sk-from-environment'
      try {
        await call(transport, { upstream: to({ apiKey: null }), stream: false })
      } finally {
        delete process.env.ANTHROPIC_API_KEY
        delete process.env.GOOGLE_GENERATIVE_AI_API_KEY
      }
      const names = Object.keys(double.calls[0]?.headers ?? {})
      expect(names).not.toContain('authorization')
      expect(names).not.toContain('x-api-key')
      expect(names).not.toContain('x-goog-api-key')
    })

    test('leaves dropped parameters out', async () => {
      double.answer(json(kind, 'text.json'))
      await call(transport, {
        upstream: to(),
        stream: false,
        drop: ['temperature'],
        body: { temperature: 0.2, max_tokens: 77 },
      })
      expect(double.calls[0]?.body).not.toContain('temperature')
      expect(double.calls[0]?.body).toContain('77')
    })

    test('is one call, whatever happens', async () => {
      double.answer({ status: 503, headers: JSON_TYPE, body: fixture(kind, 'error-overloaded.json') })
      await call(transport, { upstream: to() })
      expect(double.calls).toHaveLength(1)
    })

    test('follows no redirect', async () => {
      double.answer({ status: 307, headers: { location: `${double.url}/elsewhere` } })
      const { result } = await call(transport, { upstream: to() })
      expect(result).toMatchObject({ ok: false, failure: { class: 'server', status: 307 } })
      expect(double.calls).toHaveLength(1)
    })
  })

  describe('an error of the provider', () => {
    const STATUS: Record<ProviderKind, Record<string, number>> = {
      openai: {
        'rate-limited': 429,
        quota: 429,
        'context-length': 400,
        'content-filter': 400,
        invalid: 400,
        credential: 401,
        'not-found': 404,
        overloaded: 503,
        server: 500,
      },
      anthropic: {
        'rate-limited': 429,
        quota: 400,
        'context-length': 400,
        'content-filter': 400,
        invalid: 400,
        credential: 401,
        'not-found': 404,
        overloaded: 529,
        server: 500,
      },
      google: {
        'rate-limited': 429,
        quota: 403,
        'context-length': 400,
        'content-filter': 200,
        invalid: 400,
        credential: 400,
        'not-found': 404,
        overloaded: 503,
        server: 500,
      },
    }
    const ROWS: [string, ErrorClass, boolean][] = [
      ['rate-limited', 'rate_limited', false],
      ['quota', 'credential', false],
      ['context-length', 'context_length', true],
      ['content-filter', 'content_filter', true],
      ['invalid', 'invalid_request', true],
      ['credential', 'credential', false],
      ['not-found', 'not_found', false],
      ['overloaded', 'overloaded', false],
      ['server', 'server', false],
    ]
    test.each(ROWS)('%s is %s', async (name, expected, hasBody) => {
      const status = STATUS[kind][name]
      double.answer(json(kind, `error-${name}.json`, { status }))
      const { result } = await call(transport, { upstream: to(), stream: false })
      if (result.ok) throw new Error('should fail')
      expect(result.failure.class).toBe(expected)
      expect(result.httpStatus).toBe(status)
      expect(result.failure.status).toBe(status)
      expect(result.sawContent).toBe(false)
      expect(result.failure.body !== undefined).toBe(hasBody)
      if (expected === 'context_length') expect(result.failure.body?.code).toBe('context_length_exceeded')
      if (expected === 'content_filter') expect(result.failure.body?.code).toBe('content_filter')
      expect(JSON.stringify(result)).not.toContain(CANARY_KEY)
    })

    test('tells how long to wait, and the limits', async () => {
      const headers: Record<ProviderKind, Record<string, string>> = {
        openai: {
          'retry-after': '20',
          'retry-after-ms': '1500',
          'x-ratelimit-limit-requests': '500',
          'x-ratelimit-remaining-tokens': '0',
          'x-ratelimit-reset-tokens': '6m0s',
        },
        anthropic: {
          'retry-after': '2',
          'anthropic-ratelimit-requests-limit': '500',
          'anthropic-ratelimit-tokens-remaining': '0',
          'anthropic-ratelimit-tokens-reset': new Date(Date.now() + 360_000).toISOString(),
        },
        google: {},
      }
      double.answer(json(kind, 'error-rate-limited.json', { status: 429, headers: { ...JSON_TYPE, ...headers[kind] } }))
      const { result } = await call(transport, { upstream: to() })
      if (result.ok) throw new Error('should fail')
      const wait = { openai: 1_500, anthropic: 2_000, google: 37_500 }[kind]
      expect(result.failure.retryAfterMs).toBe(wait)
      expect(result.learned.retryAfterMs).toBe(wait)
      if (kind === 'google') return
      expect(result.learned.requests).toEqual({ limit: 500 })
      expect(result.learned.tokens?.remaining).toBe(0)
      expect(Math.abs((result.learned.tokens?.resetMs ?? 0) - 360_000)).toBeLessThan(5_000)
    })

    test('in the middle of a stream breaks it, and what was shown stays shown', async () => {
      double.answer(stream(kind, 'error-midway.sse'))
      const { result, lines } = await call(transport, { upstream: to() })
      expect(result).toMatchObject({ ok: false, failure: { class: 'broken_stream' }, sawContent: true })
      expect(assemble(lines)).toMatchObject({ text: 'Grü', finish: null })
    })

    test('as the first event of a stream is what it says it is, and shows nothing', async () => {
      double.answer(stream(kind, 'error-first.sse'))
      const { result, lines } = await call(transport, { upstream: to() })
      const expected = kind === 'openai' ? 'rate_limited' : 'overloaded'
      expect(result).toMatchObject({ ok: false, failure: { class: expected }, sawContent: false })
      expect(lines).toEqual([])
    })

    test('that is an HTML page is still classified, and not kept', async () => {
      double.answer({
        status: 502,
        headers: { 'content-type': 'text/html' },
        body: '<h1>Bad gateway</h1>'.repeat(30_000),
      })
      const { result } = await call(transport, { upstream: to() })
      expect(result).toMatchObject({ ok: false, failure: { class: 'server', message: 'the provider failed (502)' } })
    })
  })

  describe('a broken answer', () => {
    test.each(['end', 'reset'] as const)('that is cut anywhere (%s) is never ok', async (how) => {
      const body = fixture(kind, 'text.sse')
      for (const part of [0, 0.2, 0.5, 0.9]) {
        double.answer(stream(kind, 'text.sse', { breakAt: { at: Math.floor(body.length * part), how } }))
        const { result } = await call(transport, { upstream: to() })
        expect(result.ok).toBe(false)
        // Before the first byte of the body the head itself may be lost with the reset.
        if (!result.ok && part > 0) expect(result.failure.class).toBe('broken_stream')
      }
    })

    test('that stalls in the middle is broken when the idle limit is over', async () => {
      const at = Math.floor(fixture(kind, 'text.sse').length * 0.6)
      double.answer(stream(kind, 'text.sse', { breakAt: { at, how: 'silence' } }))
      const { result } = await call(transport, {
        upstream: to({ timeouts: { firstTokenMs: 5_000, idleMs: 60, totalMs: 5_000 } }),
      })
      expect(result).toMatchObject({ ok: false, sawContent: true, failure: { class: 'broken_stream' } })
      await double.calls[0]?.closed
    })

    test('that has no first token in time is the server’s failure, before and after the head', async () => {
      const limits = { timeouts: { firstTokenMs: 60, idleMs: 5_000, totalMs: 5_000 } }
      double.answer({ until: new Promise(() => {}) })
      const before = await call(transport, { upstream: to(limits) })
      expect(before.result).toMatchObject({ ok: false, httpStatus: null, failure: { class: 'server' } })
      await double.calls[0]?.closed
      double.answer({ headers: SSE, body: ': keep-alive\n\n', breakAt: { at: 14, how: 'silence' } })
      const after = await call(transport, { upstream: to(limits) })
      expect(after.result).toMatchObject({
        ok: false,
        httpStatus: 200,
        sawContent: false,
        failure: { class: 'server' },
      })
    })

    test('that drips without end is over with the total limit', async () => {
      double.answer({ headers: SSE, body: ': drip\n\n'.repeat(5_000_000), pieceBytes: 16 })
      const { result } = await call(transport, {
        upstream: to({ timeouts: { firstTokenMs: 5_000, idleMs: 5_000, totalMs: 120 } }),
      })
      expect(result).toMatchObject({ ok: false, failure: { class: 'server' } })
      await double.calls[0]?.closed
    })

    test.each([
      ['another content type', { headers: { 'content-type': 'text/html' }, body: '<html>' }, 'broken_stream'],
      ['JSON instead of a stream', { headers: JSON_TYPE, body: '{}' }, 'broken_stream'],
      ['a compressed body', { headers: { ...SSE, 'content-encoding': 'gzip, gzip' }, body: 'x' }, 'server'],
      [
        'an answer to another request',
        { headers: { ...SSE, 'x-client-request-id': 'job_other.1' }, body: 'x' },
        'server',
      ],
      ['an event that is not JSON', { headers: SSE, body: 'data: {"choices":[{"delta"\n\n' }, 'broken_stream'],
      [
        'invalid UTF-8',
        { headers: SSE, body: Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xc3, 0x28, 0x0a, 0x0a]) },
        'broken_stream',
      ],
      ['nothing', { headers: SSE, body: '' }, 'broken_stream'],
      ['headers without end', { headers: { ...SSE, 'x-long': 'a'.repeat(100_000) }, body: '' }, 'server'],
    ] as [string, SendPlan, ErrorClass][])('%s in place of a stream is %3$s', async (_what, plan, expected) => {
      double.answer(plan)
      const { result, lines } = await call(transport, { upstream: to() })
      expect(result).toMatchObject({ ok: false, sawContent: false, failure: { class: expected } })
      expect(lines).toEqual([])
    })

    test.each([
      ['half a body', { headers: JSON_TYPE, body: '{"choices":[{"message":' }],
      ['another content type', { headers: { 'content-type': 'text/html' }, body: '<html>' }],
      ['JSON that is no answer', { headers: JSON_TYPE, body: '{"hello":"world"}' }],
      ['nothing', { headers: JSON_TYPE, body: '' }],
      ['invalid UTF-8', { headers: JSON_TYPE, body: Buffer.from([0x22, 0xc3, 0x28, 0x22]) }],
    ] as [string, SendPlan][])('%s in place of one answer is the server’s failure', async (_what, plan) => {
      double.answer(plan)
      const { result } = await call(transport, { upstream: to(), stream: false })
      expect(result).toMatchObject({ ok: false, failure: { class: 'server' } })
    })

    test('one answer that is cut or never comes is the server’s failure', async () => {
      double.answer(
        json(kind, 'text.json', {
          headers: { ...JSON_TYPE, 'content-length': '9999' },
          breakAt: { at: 40, how: 'reset' },
        }),
      )
      const cut = await call(transport, { upstream: to(), stream: false })
      expect(cut.result).toMatchObject({ ok: false, failure: { class: 'server' } })
      double.answer({ until: new Promise(() => {}) })
      const late = await call(transport, {
        upstream: to({ timeouts: { firstTokenMs: 1, idleMs: 1, totalMs: 80 } }),
        stream: false,
      })
      expect(late.result).toMatchObject({ ok: false, failure: { class: 'server' } })
    })

    test('nobody there is the server’s failure, with the code and no address', async () => {
      const { result } = await call(transport, { upstream: upstream(kind, 'http://127.0.0.1:9') })
      if (result.ok) throw new Error('should fail')
      expect(result).toMatchObject({ httpStatus: null, failure: { class: 'server', status: null } })
      expect(result.failure.message).toBe('no answer from the provider (ECONNREFUSED)')
    })

    test('an answer beyond the cap is broken off', async () => {
      const small = createTransport({ maxAnswerBytes: 1_000, maxEventBytes: 500 })
      try {
        double.answer({ headers: SSE, body: ': filler\n'.repeat(1_000) })
        const whole = await call(small, { upstream: to() })
        expect(whole.result).toMatchObject({
          ok: false,
          failure: { class: 'broken_stream', message: 'the answer is larger than is allowed' },
        })
        double.answer({ headers: SSE, body: `data: ${'x'.repeat(700)}` })
        const event = await call(small, { upstream: to() })
        expect(event.result).toMatchObject({ ok: false, failure: { class: 'broken_stream' } })
      } finally {
        await small.stop()
      }
    })
  })

  describe('an abort', () => {
    test('before, during the wait and during the stream ends the call and closes its socket', async () => {
      const already = await call(transport, { upstream: to(), signal: AbortSignal.abort() })
      expect(already.result).toMatchObject({ ok: false, failure: { class: 'cancelled' } })

      double.answer({ until: new Promise(() => {}) })
      const waiting = new AbortController()
      const wait = call(transport, { upstream: to(), signal: waiting.signal })
      await expect.poll(() => double.calls.length).toBe(1)
      waiting.abort()
      expect((await wait).result).toMatchObject({ ok: false, failure: { class: 'cancelled' } })
      await double.calls[0]?.closed

      const at = Math.floor(fixture(kind, 'text.sse').length * 0.6)
      double.answer(stream(kind, 'text.sse', { breakAt: { at, how: 'silence' } }))
      const reading = new AbortController()
      const result = await callChat(transport, chatCall({ upstream: to(), signal: reading.signal }), {
        data(_line, content) {
          if (content) reading.abort()
        },
      })
      expect(result).toMatchObject({ ok: false, failure: { class: 'cancelled' } })
      await double.calls[0]?.closed
    })
  })
})
