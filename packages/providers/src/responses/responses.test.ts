import type { JobSpec } from '@switchyard/contract/job'
import { type ResponseObject, responseHead } from '@switchyard/contract/openai-responses/response-object'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callProvider, type ProviderCall } from '../call-provider.ts'
import type { ProviderKind } from '../provider-kind.ts'
import {
  assemble,
  CANARY_KEY,
  type CallOptions,
  call,
  chatCall,
  fixture,
  type SeenLine,
  upstream,
} from '../test-support/chat-call.ts'
import { memoryTransport } from '../test-support/memory-transport.ts'
import { type ProviderDouble, startProviderDouble } from '../test-support/provider-double.ts'
import { createTransport, type Transport } from '../transport.ts'

const responses = (name: string) => fixture('responses', name)
const transport = createTransport()
let double: ProviderDouble
beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(async () => {
  await transport.stop()
  await double.stop()
})

const SSE = { headers: { 'content-type': 'text/event-stream' } }
const JSON_TYPE = { headers: { 'content-type': 'application/json' } }
const TEXT = 'Grüße aus "Köln", 世界 🌍!\n'
const SPEC = {
  id: 'job_01J8ZQ4YB3M5T7V9X1C2D3E4F5',
  createdAtMs: 5_000,
  model: 'alias',
  metadata: { a: 'b' },
  response: { store: true, background: true, previousResponseId: 'resp_before' },
} as unknown as JobSpec
const ID = 'resp_01J8ZQ4YB3M5T7V9X1C2D3E4F5'
const OURS = {
  id: ID,
  created_at: 5,
  metadata: { a: 'b' },
  store: true,
  background: true,
  previous_response_id: 'resp_before',
}

const openai = (more: Parameters<typeof upstream>[2] = {}, url = double.url) =>
  upstream('openai', url, { api: 'responses', ...more })

async function respond(over: Transport, { body, ...options }: CallOptions, firstSequence = 0) {
  const lines: SeenLine[] = []
  const request = { model: 'alias', input: 'Hello', ...body }
  const providerCall: ProviderCall = {
    ...chatCall({ ...options, body: {} }),
    body: Buffer.from(JSON.stringify(request)),
    dialect: 'openai-responses',
    head: responseHead(SPEC),
    firstSequence,
  }
  const result = await callProvider(over, providerCall, {
    data(data, content) {
      lines.push({ data, content })
    },
  })
  const terminal = result.ok ? (result.terminal ?? null) : null
  const all = [...lines.map(({ data }) => data), ...(terminal === null ? [] : [terminal])]
  const events = all.map(
    (data) => JSON.parse(data) as { type: string; sequence_number: number; response?: ResponseObject },
  )
  return { result, lines, events, response: events.at(-1)?.response }
}

describe('the pass-through', () => {
  test('gives events as they came, but for the response that they carry', async () => {
    double.answer({ ...SSE, body: responses('text.sse') })
    const { result, lines, events, response } = await respond(transport, { upstream: openai() })
    expect(result).toMatchObject({
      ok: true,
      body: null,
      usage: { inputTokens: 1312, cachedInputTokens: 1024, outputTokens: 18 },
      incomplete: null,
    })
    const sent = responses('text.sse')
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => line.slice(6))
    expect(lines.slice(2).map(({ data }) => data)).toEqual(sent.slice(2, -1))
    expect(events.map(({ type }) => type)).toEqual(sent.map((line) => JSON.parse(line).type))
    for (const at of [0, 1, -1]) expect(events.at(at)!.response).toMatchObject(OURS)
    expect(response).toMatchObject({
      status: 'completed',
      output: JSON.parse(responses('text.json').toString()).output,
    })
    expect(lines.filter(({ content }) => content)).toHaveLength(4)
    expect(double.calls[0]).toMatchObject({ path: '/v1/responses', headers: { authorization: `Bearer ${CANARY_KEY}` } })
  })

  test('numbers them as the log goes on', async () => {
    double.answer({ ...SSE, body: responses('tools.sse') })
    const { events } = await respond(transport, { upstream: openai() }, 40)
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i + 40))
  })

  test('says why an answer is incomplete', async () => {
    double.answer({ ...SSE, body: responses('length.sse') })
    const { result, response } = await respond(transport, { upstream: openai() })
    expect(result).toMatchObject({ ok: true, incomplete: 'max_output_tokens' })
    expect(response).toMatchObject({ status: 'incomplete', ...OURS })
  })

  test('gives one answer under our ids', async () => {
    double.answer({ ...JSON_TYPE, body: responses('text.json') })
    const { result } = await respond(transport, { upstream: openai(), stream: false })
    if (!result.ok) throw new Error(result.failure.message)
    const theirs = JSON.parse(responses('text.json').toString())
    expect(JSON.parse(result.body!)).toEqual({ ...theirs, ...OURS })
  })

  test.each(['text', 'tools', 'reasoning', 'length'])(
    'of %s for a deployment without streams adds up to the same',
    async (name) => {
      double.answer({ ...JSON_TYPE, body: responses(`${name}.json`) })
      const { events, response } = await respond(transport, { upstream: openai({ streams: false }) })
      expect(double.calls[0]!.json.stream).toBeUndefined()
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i))
      double.answer({ ...SSE, body: responses(`${name}.sse`) })
      expect(response).toEqual((await respond(transport, { upstream: openai() })).response)
    },
  )

  test('sends what the client sent, stateless, with what only we know left out', async () => {
    double.answer({ ...JSON_TYPE, body: responses('text.json') })
    const input = [
      {
        id: 'msg_1',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'a' }],
      },
      { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'mine', switchyard_from: 'openai-test' },
      { id: 'rs_2', type: 'reasoning', summary: [], encrypted_content: 'theirs', switchyard_from: 'elsewhere' },
      { id: 'rs_3', type: 'reasoning', summary: [], encrypted_content: 'given' },
      { id: 'rs_4', type: 'reasoning', summary: [] },
      { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'n', arguments: '{}' },
    ]
    const body = {
      input,
      store: true,
      background: true,
      previous_response_id: 'resp_before',
      include: ['message.output_text.logprobs'],
      text: { verbosity: 'low', format: { type: 'text' } },
      temperature: 0.5,
      some_new_field: { kept: [1.0] },
      switchyard: { tags: {} },
    }
    await respond(transport, { upstream: openai(), stream: false, body, drop: ['temperature', 'text.verbosity'] })
    expect(double.calls[0]!.json).toEqual({
      model: 'gpt-5.5-pro',
      store: false,
      include: ['message.output_text.logprobs', 'reasoning.encrypted_content'],
      text: { format: { type: 'text' } },
      some_new_field: { kept: [1] },
      input: [
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a' }] },
        { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'mine' },
        { id: 'rs_3', type: 'reasoning', summary: [], encrypted_content: 'given' },
        { type: 'function_call', call_id: 'c', name: 'n', arguments: '{}' },
      ],
    })
  })
})

describe.each([
  ['a client of responses', respond],
  ['a chat client', call],
] as const)('%s', (_name, ask) => {
  test.each<[string, string | Buffer, string]>([
    ['a failure before any content is what it says', responses('failed-first.sse'), 'rate_limited'],
    ['an error event before any content is a broken stream', responses('error-first.sse'), 'broken_stream'],
    ['a line that is no event breaks the stream', 'data: {"choices":[]}\n\n', 'broken_stream'],
    ['nothing at all breaks the stream', '', 'broken_stream'],
    ['[DONE] is no end', 'data: [DONE]\n\n', 'broken_stream'],
  ])('%s', async (_what, body, failureClass) => {
    double.answer({ ...SSE, body })
    expect((await ask(transport, { upstream: openai() })).result).toMatchObject({
      ok: false,
      failure: { class: failureClass },
      sawContent: false,
    })
  })

  test.each<[string, string, string]>([
    ['that is not JSON', '<html>', 'server'],
    ['that is something else', '{"object":"list"}', 'server'],
    ['that holds an error', '{"error":{"message":"no","code":429}}', 'rate_limited'],
    [
      'that failed',
      '{"object":"response","status":"failed","output":[],"error":{"code":"rate_limit_exceeded","message":"m"}}',
      'rate_limited',
    ],
    ['that has not ended', '{"object":"response","status":"in_progress","output":[]}', 'server'],
  ])('gets no answer %s', async (_what, body, failureClass) => {
    double.answer({ ...JSON_TYPE, body })
    expect((await ask(transport, { upstream: openai(), stream: false })).result).toMatchObject({
      ok: false,
      failure: { class: failureClass },
    })
  })

  test('never sees the key, even if the provider repeats it', async () => {
    double.answer({
      ...JSON_TYPE,
      status: 400,
      body: `{"error":{"message":"bad ${CANARY_KEY}","type":"invalid_request_error"}}`,
    })
    const { result } = await ask(transport, { upstream: openai() })
    expect(result).toMatchObject({ ok: false, failure: { class: 'invalid_request' } })
    expect(JSON.stringify(result)).not.toContain(CANARY_KEY)
  })

  test.each(['text.sse', 'tools.sse', 'reasoning.sse'])(
    'gets the same of %s wherever it is cut in two',
    async (name) => {
      const bytes = responses(name)
      const answer = async (pieces: Uint8Array[]) => {
        const { result, lines } = await ask(memoryTransport(pieces), { upstream: openai({}, 'http://memory.test') })
        return JSON.stringify([result, lines]).replace(/(created\\*":)\d+/g, '$10')
      }
      const uncut = await answer([bytes])
      expect(uncut).toContain('"ok":true')
      for (let at = 1; at < bytes.length; at += 3) {
        const cut = await answer([bytes.subarray(0, at), bytes.subarray(at)])
        if (cut !== uncut) expect(cut, `cut at byte ${at}`).toBe(uncut)
      }
    },
  )

  test('never takes an end for whole before its last event', async () => {
    const bytes = responses('text.sse')
    const last = bytes.lastIndexOf('data: ')
    for (let at = 0; at <= bytes.length - 2; at += at < last ? 37 : 1) {
      const { result, lines } = await ask(memoryTransport([bytes.subarray(0, at)]), {
        upstream: openai({}, 'http://memory.test'),
      })
      if (result.ok) throw new Error(`ended at byte ${at}`)
      expect(result.failure.class).toBe('broken_stream')
      expect(result.sawContent).toBe(lines.some(({ content }) => content))
    }
  })
})

describe('a chat client of a deployment that speaks Responses', () => {
  test('gets text, calls, reasoning and the reason of the end as chunks', async () => {
    double.answer({ ...SSE, body: responses('text.sse') })
    const text = await call(transport, { upstream: openai(), includeUsage: true })
    expect(assemble(text.lines)).toMatchObject({
      text: TEXT,
      finish: 'stop',
      roles: [0],
      usage: { prompt_tokens: 1312, completion_tokens: 18 },
    })
    double.answer({ ...SSE, body: responses('tools.sse') })
    const tools = assemble((await call(transport, { upstream: openai() })).lines)
    expect(tools).toMatchObject({ finish: 'tool_calls', usage: null })
    expect(tools.tools).toMatchObject([
      { id: 'call_A1', name: 'get_weather', arguments: '{"city":"Köln"}', fragments: 4 },
      { id: 'call_B2', name: 'get_time', arguments: '{"zone":"Europe/Berlin"}' },
    ])
    double.answer({ ...SSE, body: responses('reasoning.sse') })
    expect(assemble((await call(transport, { upstream: openai() })).lines)).toMatchObject({
      text: '4',
      reasoning: 'Two plus two.',
    })
    double.answer({ ...SSE, body: responses('length.sse') })
    expect(assemble((await call(transport, { upstream: openai() })).lines)).toMatchObject({
      text: 'Once upon',
      finish: 'length',
    })
  })

  test.each(['text', 'tools', 'reasoning', 'length'])('gets the same of %s in one piece', async (name) => {
    double.answer({ ...JSON_TYPE, body: responses(`${name}.json`) })
    const { result } = await call(transport, { upstream: openai(), stream: false })
    if (!result.ok) throw new Error(result.failure.message)
    const { choices, usage } = JSON.parse(result.body!)
    double.answer({ ...SSE, body: responses(`${name}.sse`) })
    const seen = assemble((await call(transport, { upstream: openai(), includeUsage: true })).lines)
    const { message, finish_reason } = choices[0]
    expect([message.content ?? '', message.reasoning_content ?? '', finish_reason, usage]).toEqual([
      seen.text,
      seen.reasoning,
      seen.finish,
      seen.usage,
    ])
    expect((message.tool_calls ?? []).map((made: { id: string }) => made.id)).toEqual(seen.tools.map(({ id }) => id))
  })

  test('is asked for in the words of Responses', async () => {
    double.answer({ ...JSON_TYPE, body: responses('text.json') })
    await call(transport, {
      upstream: openai({ maxOutput: 50 }),
      stream: false,
      drop: ['seed', 'temperature'],
      body: {
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'rules' }] },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'look' },
              { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
            ],
          },
          {
            role: 'assistant',
            content: 'wait',
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'a', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'one' },
        ],
        temperature: 0.1,
        seed: 3,
        max_tokens: 80,
        tools: [{ type: 'function', function: { name: 'a', description: 'd', parameters: { type: 'object' } } }],
        tool_choice: { type: 'function', function: { name: 'a' } },
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {}, strict: true } },
        reasoning_effort: 'low',
        logprobs: true,
        top_logprobs: 2,
        metadata: { a: 'b' },
        store: true,
      },
    })
    expect(double.calls[0]!.json).toEqual({
      model: 'gpt-5.5-pro',
      input: [
        { role: 'system', content: 'rules' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'look' },
            { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto' },
          ],
        },
        { role: 'assistant', content: [{ type: 'output_text', text: 'wait' }] },
        { type: 'function_call', call_id: 'c1', name: 'a', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'one' },
      ],
      store: false,
      max_output_tokens: 50,
      tools: [{ type: 'function', name: 'a', description: 'd', parameters: { type: 'object' }, strict: false }],
      tool_choice: { type: 'function', name: 'a' },
      text: { format: { type: 'json_schema', name: 'x', schema: {}, strict: true } },
      reasoning: { effort: 'low' },
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
    })
  })
})

describe.each<ProviderKind>(['openai', 'anthropic', 'google'])('a client of responses over chat of %s', (kind) => {
  const to = (more: Parameters<typeof upstream>[2] = {}) => upstream(kind, double.url, more)

  test.each(['text', 'tools', 'reasoning'])(
    'gets %s as events that add up, and the same in one piece',
    async (name) => {
      double.answer({ ...SSE, body: fixture(kind, `${name}.sse`) })
      const { result, events, response } = await respond(transport, { upstream: to() }, 3)
      expect(result).toMatchObject({ ok: true, body: null })
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i + 3))
      expect(response).toMatchObject({ ...OURS, status: 'completed', usage: { output_tokens: expect.any(Number) } })
      double.answer({ ...JSON_TYPE, body: fixture(kind, `${name}.json`) })
      const whole = await respond(transport, { upstream: to(), stream: false })
      if (!whole.result.ok) throw new Error(whole.result.failure.message)
      const said = ({ output }: ResponseObject) =>
        JSON.parse(JSON.stringify(output), (key, value) => (key === 'id' || key === 'logprobs' ? undefined : value))
      expect(said(JSON.parse(whole.result.body!))).toEqual(said(response!))
    },
  )

  test('is told of a refused parameter in its own words', async () => {
    const error = {
      message: "Invalid 'response_format'",
      type: 'invalid_request_error',
      param: 'messages[0]',
      code: 'x',
    }
    double.answer({ ...JSON_TYPE, status: 400, body: JSON.stringify({ error }) })
    const { result } = await respond(transport, { upstream: to(), body: { input: 'hi' } })
    expect(result).toMatchObject({ ok: false, failure: { class: 'invalid_request' } })
    if (kind === 'openai') {
      expect(result).toMatchObject({ failure: { body: { param: 'input', message: "Invalid 'text.format'" } } })
    }
  })

  test('is refused what has no translation, before anything is sent', async () => {
    double.answer({ ...SSE, body: fixture(kind, 'text.sse') })
    const input = [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://example.com/a.pdf' }] }]
    const { result } = await respond(transport, { upstream: to(), body: { input } })
    expect(result).toMatchObject({
      ok: false,
      httpStatus: null,
      failure: {
        class: 'invalid_request',
        body: { code: 'unsupported_parameter', param: 'input[0].content[0].file_url' },
      },
    })
    expect(double.calls).toHaveLength(0)
  })
})
