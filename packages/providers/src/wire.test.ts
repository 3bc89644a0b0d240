import type { PromptEnd } from '@switchyard/contract/prompt-cache'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, fixture, upstream } from './test-support/chat-call.ts'
import { type ProviderDouble, startProviderDouble } from './test-support/provider-double.ts'
import { createTransport } from './transport.ts'

const transport = createTransport()
let double: ProviderDouble
beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(async () => {
  await transport.stop()
  await double.stop()
})

type Translated = 'anthropic' | 'google'
type Options = Omit<NonNullable<Parameters<typeof upstream>[2]>, 'promptCache'> & {
  drop?: string[]
  prefill?: string
  stream?: boolean
  ends?: PromptEnd[]
}

interface Part {
  functionCall?: object
  functionResponse?: object
  thoughtSignature?: string
}

/** As much of both dialects as the tests look at. */
interface WireBody {
  [field: string]: unknown
  messages: { role: string; content: object[] }[]
  system: object[]
  tools: { functionDeclarations?: object[] }[]
  output_config: { format?: object }
  contents: { role: string; parts: Part[] }[]
  systemInstruction: { parts: object[] }
  toolConfig: { functionCallingConfig: object }
  generationConfig: Record<string, unknown>
}

/** What a request becomes on the wire, through the SDK and all. */
async function wire(
  kind: Translated,
  body: object,
  { drop = [], prefill, stream = false, ends = [], ...more }: Options = {},
) {
  double.answer(
    stream
      ? { headers: { 'content-type': 'text/event-stream' }, body: fixture(kind, 'text.sse') }
      : { headers: { 'content-type': 'application/json' }, body: fixture(kind, 'text.json') },
  )
  const { result } = await call(transport, {
    upstream: upstream(kind, double.url, more),
    stream,
    body,
    drop,
    prefill: prefill ?? null,
    promptCache: { ends },
  })
  return { result, received: double.calls[0], json: sent() }
}

/** What the double received last. */
const sent = () => double.calls[0]?.json as unknown as WireBody

async function refused(kind: Translated, body: object, more: Options = {}) {
  const { result } = await wire(kind, body, more)
  expect(double.calls).toHaveLength(0)
  if (result.ok) throw new Error('should have been refused')
  expect(result.failure.class).toBe('invalid_request')
  expect(result.httpStatus).toBeNull()
  return { code: result.failure.body?.code, param: result.failure.body?.param }
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const conversation = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Weather in Köln and Bonn?' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Köln"}' } },
      { id: 'call_2', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Bonn"}' } },
    ],
  },
  { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
  { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'sun' }] },
  { role: 'developer', content: [{ type: 'text', text: 'Answer in German.' }] },
  { role: 'user', content: 'Thanks. And?' },
]

describe('a conversation with tools', () => {
  test('to Anthropic: system first, results in one user message beside the next words', async () => {
    const { json, received } = await wire('anthropic', {
      messages: conversation,
      tools: [weather],
      tool_choice: 'required',
      parallel_tool_calls: false,
    })
    expect(received?.path).toBe('/v1/messages')
    expect(json.model).toBe('claude-opus-4-7')
    expect(json.system).toEqual([
      { type: 'text', text: 'Be brief.' },
      { type: 'text', text: 'Answer in German.' },
    ])
    expect(json.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Weather in Köln and Bonn?' }] },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Köln' } },
          { type: 'tool_use', id: 'call_2', name: 'get_weather', input: { city: 'Bonn' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: 'rain' },
          { type: 'tool_result', tool_use_id: 'call_2', content: 'sun' },
          { type: 'text', text: 'Thanks. And?' },
        ],
      },
    ])
    expect(json.tools).toEqual([
      { name: 'get_weather', description: 'Weather of a city', input_schema: weather.function.parameters },
    ])
    expect(json.tool_choice).toEqual({ type: 'any', disable_parallel_tool_use: true })
  })

  test('to Google: results carry the names of their tools', async () => {
    const { json, received } = await wire('google', {
      messages: conversation,
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    })
    expect(received?.path).toBe('/v1/models/gemini-3.1-pro-preview:generateContent')
    expect(json.systemInstruction.parts).toEqual([{ text: 'Be brief.' }, { text: 'Answer in German.' }])
    expect(json.contents[1]!.role).toBe('model')
    expect(json.contents[1]!.parts.map((part) => part.functionCall)).toMatchObject([
      { name: 'get_weather', args: { city: 'Köln' } },
      { name: 'get_weather', args: { city: 'Bonn' } },
    ])
    expect(json.contents[2]!.parts.map((part) => part.functionResponse)).toMatchObject([
      { id: 'call_1', name: 'get_weather', response: { content: 'rain' } },
      { id: 'call_2', name: 'get_weather', response: { content: 'sun' } },
    ])
    expect(json.toolConfig.functionCallingConfig).toEqual({ mode: 'ANY', allowedFunctionNames: ['get_weather'] })
    expect(json.tools[0]?.functionDeclarations?.[0]).toMatchObject({ name: 'get_weather' })
  })

  test('Gemini’s signature goes out with the call and comes back with it', async () => {
    double.answer({ headers: { 'content-type': 'application/json' }, body: fixture('google', 'tools.json') })
    const first = await call(transport, { upstream: upstream('google', double.url), stream: false })
    const { message } = JSON.parse((first.result.ok && first.result.body) || '').choices[0]
    expect(message.tool_calls[0].extra_content).toEqual({ google: { thought_signature: 'CiQBcsjafA==' } })
    const { json } = await wire('google', {
      messages: [
        { role: 'user', content: 'hi' },
        message,
        { role: 'tool', tool_call_id: 'call_A1', content: 'rain' },
        { role: 'tool', tool_call_id: 'call_B2', content: '12:00' },
      ],
    })
    expect(json.contents[1]!.parts[0]!.thoughtSignature).toBe('CiQBcsjafA==')
  })

  test.each(['anthropic', 'google'] as const)(
    '%s: what cannot be matched or read is refused by its path',
    async (kind) => {
      const ask = { role: 'user', content: 'x' }
      const broken = {
        role: 'assistant',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
      }
      expect(await refused(kind, { messages: [ask, { role: 'tool', tool_call_id: 'zzz', content: 'x' }] })).toEqual({
        code: 'invalid_value',
        param: 'messages[1].tool_call_id',
      })
      expect(await refused(kind, { messages: [ask, broken] })).toEqual({
        code: 'invalid_value',
        param: 'messages[1].tool_calls[0].function.arguments',
      })
    },
  )
})

describe('images and files', () => {
  const withPart = (...parts: object[]) => ({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...parts] }],
  })
  const image = (url: string) => ({ type: 'image_url', image_url: { url } })

  test('as data URLs go inline', async () => {
    const body = withPart(image(`data:image/png;base64,${PNG}`), {
      type: 'file',
      file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0xLjQ=' },
    })
    const anthropic = await wire('anthropic', body)
    expect(anthropic.json.messages[0]!.content.slice(1)).toMatchObject([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
      {
        type: 'document',
        title: 'a.pdf',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQ=' },
      },
    ])
    const google = await wire('google', body)
    expect(google.json.contents[0]!.parts.slice(1)).toEqual([
      { inlineData: { mimeType: 'image/png', data: PNG } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0xLjQ=' } },
    ])
  })

  test('as URLs go as URLs, and nobody here fetches them', async () => {
    const url = `${double.url.replace('http:', 'https:')}/cat.png`
    const anthropic = await wire('anthropic', withPart(image(url)))
    expect(anthropic.json.messages[0]!.content[1]).toEqual({ type: 'image', source: { type: 'url', url } })
    const google = await wire('google', withPart(image(url)))
    expect(google.json.contents[0]!.parts[1]).toEqual({ fileData: { mimeType: 'image/png', fileUri: url } })
    expect(double.calls).toHaveLength(1)
  })

  test('that a provider does not take are refused by their path', async () => {
    const path = 'messages[0].content[1]'
    expect(await refused('google', withPart(image('https://example.com/no-type')))).toEqual({
      code: 'unsupported_parameter',
      param: `${path}.image_url.url`,
    })
    expect(await refused('google', withPart(image('http://example.com/cat.png')))).toMatchObject({
      code: 'unsupported_parameter',
    })
    expect(await refused('anthropic', withPart(image('file:///etc/passwd')))).toMatchObject({
      code: 'unsupported_parameter',
    })
    expect(await refused('anthropic', withPart(image('data:image/png,abc')))).toMatchObject({ code: 'invalid_value' })
    expect(await refused('anthropic', withPart(image('data:text/html;base64,PGI+')))).toMatchObject({
      code: 'invalid_value',
    })
    expect(
      await refused('anthropic', withPart({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } })),
    ).toEqual({
      code: 'unsupported_parameter',
      param: `${path}.input_audio`,
    })
    expect(await refused('google', withPart({ type: 'file', file: { file_id: 'file-1' } }))).toEqual({
      code: 'unsupported_parameter',
      param: `${path}.file.file_id`,
    })
    expect(
      await refused(
        'anthropic',
        withPart({ type: 'file', file: { file_data: 'data:application/zip;base64,UEsDBA==' } }),
      ),
    ).toMatchObject({ param: `${path}.file.file_data` })
  })

  test('sound goes to Gemini', async () => {
    const { json } = await wire(
      'google',
      withPart({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } }),
    )
    expect(json.contents[0]!.parts[1]).toEqual({ inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } })
  })
})

describe('parameters', () => {
  const messages = [{ role: 'user', content: 'hi' }]
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer' } },
    required: ['n'],
    additionalProperties: false,
  }
  const json_schema = { type: 'json_schema', json_schema: { name: 'count', schema, strict: true } }

  test('of sampling and length', async () => {
    const sampling = { messages, temperature: 0.2, stop: 'END', max_tokens: 50, max_completion_tokens: 60, user: 'u-1' }
    const anthropic = await wire('anthropic', sampling, { model: 'claude-sonnet-4-5' })
    expect(anthropic.json).toMatchObject({
      temperature: 0.2,
      stop_sequences: ['END'],
      max_tokens: 60,
      metadata: { user_id: 'u-1' },
    })
    expect(anthropic.json.stream).toBeUndefined()
    const google = await wire('google', {
      ...sampling,
      top_p: 0.9,
      seed: 7,
      frequency_penalty: 0.5,
      presence_penalty: 0.25,
    })
    expect(google.json.generationConfig).toMatchObject({
      temperature: 0.2,
      topP: 0.9,
      stopSequences: ['END'],
      maxOutputTokens: 60,
      seed: 7,
      frequencyPenalty: 0.5,
      presencePenalty: 0.25,
    })
    expect(google.result).toMatchObject({ ok: true, dropped: ['user'] })
  })

  test('Anthropic’s maximum: the client’s, else the deployment’s, else the model’s', async () => {
    expect((await wire('anthropic', { messages }, { maxOutput: 999 })).json.max_tokens).toBe(999)
    expect((await wire('anthropic', { messages, max_tokens: 5_000 }, { maxOutput: 999 })).json.max_tokens).toBe(999)
    expect((await wire('anthropic', { messages })).json.max_tokens).toBe(128_000)
  })

  test('a stream is asked for as each provider wants it', async () => {
    expect((await wire('anthropic', { messages }, { stream: true })).json.stream).toBe(true)
    expect((await wire('google', { messages }, { stream: true })).received?.path).toBe(
      '/v1/models/gemini-3.1-pro-preview:streamGenerateContent?alt=sse',
    )
  })

  test('a JSON schema', async () => {
    const anthropic = await wire('anthropic', { messages, response_format: json_schema })
    expect(anthropic.json.output_config.format).toEqual({ type: 'json_schema', schema })
    const google = await wire('google', { messages, response_format: json_schema })
    expect(google.json.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
    })
  })

  test('a JSON object without a schema is made by a tool where there is no such mode', async () => {
    const body = { messages, response_format: { type: 'json_object' } }
    const google = await wire('google', body)
    expect(google.json.generationConfig.responseMimeType).toBe('application/json')
    const anthropic = await wire('anthropic', body)
    expect(anthropic.json.tools).toMatchObject([
      { name: 'json', input_schema: { type: 'object', additionalProperties: true } },
    ])
    expect(anthropic.json.tool_choice).toMatchObject({ type: 'any' })
  })

  test('reasoning effort, in each model’s own way', async () => {
    const body = { messages, reasoning_effort: 'high', max_completion_tokens: 10_000 }
    const adaptive = await wire('anthropic', body)
    expect(adaptive.json).toMatchObject({
      max_tokens: 10_000,
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high' },
    })
    const budget = await wire('anthropic', body, { model: 'claude-sonnet-4-5' })
    expect(budget.json.max_tokens).toBe(10_000)
    expect(budget.json.thinking).toEqual({ type: 'enabled', budget_tokens: 6_000 })
    const small = await wire('anthropic', { ...body, max_completion_tokens: 500 }, { model: 'claude-sonnet-4-5' })
    expect(small.json.max_tokens).toBe(500)
    expect(small.json.thinking).toBeUndefined()
    expect(small.result).toMatchObject({ dropped: ['reasoning_effort'] })
    const google = await wire('google', body)
    expect(google.json.generationConfig.thinkingConfig).toEqual({ thinkingLevel: 'high', includeThoughts: true })
    const none = await wire('anthropic', { messages, reasoning_effort: 'none' })
    expect(none.json.thinking).toEqual({ type: 'disabled' })
  })

  test('what the chosen model does not take is reported, whole or streamed', async () => {
    const body = { messages, temperature: 0.2, top_p: 0.5 }
    const whole = await wire('anthropic', body)
    expect(whole.json.temperature).toBeUndefined()
    expect(whole.result).toMatchObject({ ok: true, dropped: ['temperature', 'top_p'] })
    expect((await wire('anthropic', body, { stream: true })).result).toMatchObject({
      ok: true,
      dropped: ['temperature', 'top_p'],
    })
    expect((await wire('anthropic', body, { drop: ['temperature', 'top_p'] })).result).toMatchObject({
      ok: true,
      dropped: [],
    })
  })

  test.each([
    ['anthropic', { n: 2 }, 'n'],
    ['anthropic', { logprobs: true }, 'logprobs'],
    ['anthropic', { seed: 1 }, 'seed'],
    ['anthropic', { frequency_penalty: 1 }, 'frequency_penalty'],
    ['google', { logit_bias: { '1': 5 } }, 'logit_bias'],
    ['google', { parallel_tool_calls: false }, 'parallel_tool_calls'],
  ] as [Translated, object, string][])('%s refuses %o by name', async (kind, extra, param) => {
    expect(await refused(kind, { messages, ...extra })).toEqual({ code: 'unsupported_parameter', param })
  })

  test('a forced tool that the model cannot be forced to is refused, not left to chance', async () => {
    const body = { messages, tools: [weather], tool_choice: 'required', reasoning_effort: 'low', max_tokens: 9_000 }
    expect(await refused('anthropic', body, { model: 'claude-sonnet-4-5' })).toEqual({
      code: 'unsupported_parameter',
      param: 'tool_choice',
    })
    const said = [{ role: 'user', content: 'Say "tool_choice":{"type":"auto"' }]
    expect((await wire('anthropic', { ...body, messages: said, reasoning_effort: null })).result.ok).toBe(true)
  })

  test.each(['anthropic', 'google'] as const)('%s refuses what nobody knows by name, too', async (kind) => {
    expect(await refused(kind, { messages, invented: 1 })).toEqual({ code: 'unknown_parameter', param: 'invented' })
  })

  test('what asks for nothing, or changes nothing, is no reason to refuse', async () => {
    const harmless = {
      n: 1,
      logprobs: false,
      logit_bias: null,
      parallel_tool_calls: true,
      modalities: ['text'],
      seed: null,
    }
    expect(
      (await wire('anthropic', { messages, ...harmless, store: true, metadata: { a: 'b' } })).result,
    ).toMatchObject({
      ok: true,
      dropped: ['store'],
    })
    expect((await wire('google', { messages, ...harmless })).result).toMatchObject({ ok: true, dropped: [] })
  })

  test.each(['anthropic', 'google'] as const)('%s: a schema that is none is refused, not thrown', async (kind) => {
    const response_format = { type: 'json_schema', json_schema: { name: 'a', schema: { anyOf: 7 } } }
    expect(await refused(kind, { messages, response_format })).toEqual({ code: 'invalid_value', param: null })
  })
})

describe('the prompt cache', () => {
  const mark = { prompt_cache_breakpoint: { mode: 'explicit' } }
  const body = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.', ...mark }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'document' },
          { type: 'text', text: 'question' },
        ],
      },
      { role: 'assistant', content: 'answer' },
      ...conversation.slice(2),
    ],
    tools: [weather, weather],
    prompt_cache_options: { mode: 'explicit' },
  }
  const ends: PromptEnd[] = [
    { at: 'tools', tokens: 5_000 },
    { at: [1, 0], tokens: 50_000 },
    { at: [5, 0], tokens: 51_000 },
  ]
  const cache_control = { type: 'ephemeral' }

  test('Anthropic gets the caller’s breakpoints and known beginnings as its marks', async () => {
    const { json, result } = await wire('anthropic', body, { ends })
    expect(result).toMatchObject({ ok: true, dropped: [] })
    expect(json.tools.map((tool) => 'cache_control' in tool)).toEqual([false, true])
    expect(json.system[0]).toEqual({ type: 'text', text: 'Be brief.', cache_control })
    expect(json.messages[0]?.content).toEqual([
      { type: 'text', text: 'document', cache_control },
      { type: 'text', text: 'question' },
    ])
    expect(json.messages[2]?.content[1]).toMatchObject({ type: 'tool_result', tool_use_id: 'call_2', cache_control })
    expect(JSON.stringify(json).match(/cache_control/g)).toHaveLength(4)
  })

  test('none where they are dropped, and none for Gemini, which caches by itself', async () => {
    const dropped = await wire('anthropic', body, { ends, drop: ['prompt_cache_breakpoint'] })
    expect(JSON.stringify(dropped.json)).not.toContain('cache_control')
    const drop = ['prompt_cache_breakpoint', 'prompt_cache_options']
    const { result, json } = await wire('google', { ...body, messages: body.messages.slice(0, 2) }, { ends, drop })
    expect(result.ok).toBe(true)
    expect(JSON.stringify(json)).not.toMatch(/cache|breakpoint/)
  })
})

describe('prefill', () => {
  const messages = [{ role: 'user', content: 'Count.' }]

  test('is the beginning of the answer, and its white space is not said twice', async () => {
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body: fixture('anthropic', 'text.sse').toString().replace('"Grüße"', '" Grüße"'),
    })
    const { result, lines } = await call(transport, {
      upstream: upstream('anthropic', double.url, { model: 'claude-sonnet-4-5' }),
      body: { messages },
      prefill: 'One, two, ',
    })
    expect(result.ok).toBe(true)
    expect(sent().messages.at(-1)).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'One, two,' }],
    })
    const text = lines.map(({ data }) => JSON.parse(data).choices[0].delta.content ?? '').join('')
    expect(text.startsWith('Grüße aus')).toBe(true)
  })

  test.each(['claude-opus-4-7', 'claude-opus-5'])('is not tried with %s', async (model) => {
    const { result } = await wire('anthropic', { messages }, { model, prefill: 'One' })
    expect(result).toMatchObject({ ok: false, failure: { class: 'broken_stream' } })
    expect(double.calls).toHaveLength(0)
  })
})

describe('what Gemini may do', () => {
  const messages = [{ role: 'user', content: 'hi' }]
  const sse = (...events: object[]) => events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')
  const to = () => upstream('google', double.url)

  test('a continuation is not followed: one attempt is one call', async () => {
    const part = {
      candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'CONTINUATION', continuationToken: 'tok' }],
    }
    double.answer({ headers: { 'content-type': 'text/event-stream' }, body: sse(part) })
    const { result, lines } = await call(transport, { upstream: to(), body: { messages } })
    expect(result.ok).toBe(true)
    expect(double.calls).toHaveLength(1)
    expect(JSON.parse(lines.at(-1)?.data ?? '').choices[0].finish_reason).toBe('length')
    double.answer({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(part) })
    expect((await call(transport, { upstream: to(), stream: false, body: { messages } })).result.ok).toBe(true)
    expect(double.calls).toHaveLength(1)
  })

  test('a blocked prompt in a stream is the content filter, with a word for the caller', async () => {
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body: sse({ promptFeedback: { blockReason: 'SAFETY' } }),
    })
    const { result } = await call(transport, { upstream: to(), body: { messages } })
    expect(result).toMatchObject({ ok: false, failure: { class: 'content_filter', body: { code: 'content_filter' } } })
  })

  test('a malformed function call is no answer, an unknown end keeps its own word', async () => {
    const end = (finishReason: string) => ({ candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason }] })
    double.answer({ headers: { 'content-type': 'text/event-stream' }, body: sse(end('MALFORMED_FUNCTION_CALL')) })
    expect((await call(transport, { upstream: to(), body: { messages } })).result).toMatchObject({
      ok: false,
      failure: { class: 'broken_stream' },
    })
    double.answer({ headers: { 'content-type': 'text/event-stream' }, body: sse(end('LANGUAGE')) })
    const { lines } = await call(transport, { upstream: to(), body: { messages } })
    expect(JSON.parse(lines.at(-1)?.data ?? '').choices[0]).toMatchObject({
      finish_reason: 'stop',
      native_finish_reason: 'LANGUAGE',
    })
  })

  test('figures may follow the finish reason, and a stream left open after it still ends', async () => {
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 6 }
    const body = sse({ candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' }] }, { usageMetadata })
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body,
      breakAt: { at: body.length, how: 'silence' },
    })
    const { result } = await call(transport, { upstream: to(), body: { messages } })
    expect(result).toMatchObject({ ok: true, usage: { inputTokens: 5, outputTokens: 6 } })
  })

  test('pictures are not lost', async () => {
    const parts = [{ text: 'Here.' }, { inlineData: { mimeType: 'image/png', data: PNG } }]
    const answer = { candidates: [{ content: { parts }, finishReason: 'STOP' }] }
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }
    double.answer({ headers: { 'content-type': 'text/event-stream' }, body: sse(answer) })
    const { lines } = await call(transport, { upstream: to(), body: { messages } })
    expect(lines.map(({ data }) => JSON.parse(data).choices[0].delta.images).filter(Boolean)).toEqual([[image]])
    double.answer({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) })
    const { result } = await call(transport, { upstream: to(), stream: false, body: { messages } })
    expect(JSON.parse((result.ok && result.body) || '').choices[0].message.images).toEqual([image])
  })

  test('tool calls without ids get ids, the same for the same attempt', async () => {
    const calls = {
      candidates: [
        {
          content: { parts: [{ functionCall: { name: 'f' } }, { functionCall: { name: 'g', args: { a: 1 } } }] },
          finishReason: 'STOP',
        },
      ],
    }
    double.answer({ headers: { 'content-type': 'text/event-stream' }, body: sse(calls) })
    const { lines } = await call(transport, { upstream: to(), body: { messages } })
    const deltas = lines.flatMap(({ data }) => JSON.parse(data).choices[0].delta.tool_calls ?? [])
    expect(deltas.filter((delta) => delta.id).map((delta) => [delta.index, delta.id, delta.function.name])).toEqual([
      [0, 'call_01J8ZQ4YB3M5T7V9X1C2D3E4F5-1_0', 'f'],
      [1, 'call_01J8ZQ4YB3M5T7V9X1C2D3E4F5-1_1', 'g'],
    ])
    expect(
      deltas
        .filter((delta) => delta.index === 0)
        .map((delta) => delta.function.arguments)
        .join(''),
    ).toBe('{}')
  })
})

describe('what Anthropic may do', () => {
  const messages = [{ role: 'user', content: 'hi' }]

  test('events and blocks of kinds not yet known do not break the answer', async () => {
    const body = fixture('anthropic', 'text.sse').toString()
    const first = body.indexOf('event: content_block_start')
    const odd = 'event: sparkle\ndata: {"type":"sparkle","index":9}\n\n'
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body: body.slice(0, first) + odd + body.slice(first),
    })
    const { result } = await call(transport, { upstream: upstream('anthropic', double.url), body: { messages } })
    expect(result.ok).toBe(true)
  })

  test('an event that the SDK cannot read is a broken stream, with what came before it shown', async () => {
    const body = fixture('anthropic', 'text.sse')
      .toString()

      .replace('{"type":"text_delta","text":" 🌍!\\n"}', '{"type":"riddle_delta"}')
    expect(body).toContain('riddle_delta')
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body,
      breakAt: { at: Buffer.byteLength(body), how: 'silence' },
    })
    const { result, lines } = await call(transport, { upstream: upstream('anthropic', double.url), body: { messages } })
    expect(result).toMatchObject({ ok: false, sawContent: true, failure: { class: 'broken_stream' } })
    expect(lines.map(({ data }) => JSON.parse(data).choices[0].delta.content ?? '').join('')).toBe(
      'Grüße aus "Köln", 世界',
    )
    await double.calls[0]?.closed
  })

  test('a refusal is a finished answer', async () => {
    const body = fixture('anthropic', 'text.sse')
      .toString()
      .replace('"stop_reason":"end_turn"', '"stop_reason":"refusal"')
    double.answer({ headers: { 'content-type': 'text/event-stream' }, body })
    const { result, lines } = await call(transport, { upstream: upstream('anthropic', double.url), body: { messages } })
    expect(result.ok).toBe(true)
    expect(JSON.parse(lines.at(-1)?.data ?? '').choices[0].finish_reason).toBe('content_filter')
  })

  test('usage told before a break is kept, usage not told is not invented', async () => {
    const body = fixture('anthropic', 'text.sse').toString()
    const to = upstream('anthropic', double.url)
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body: body.slice(0, body.indexOf('event: message_stop')),
    })
    expect((await call(transport, { upstream: to, body: { messages } })).result).toMatchObject({
      ok: false,
      usage: { inputTokens: 1312, outputTokens: 18 },
    })
    double.answer({
      headers: { 'content-type': 'text/event-stream' },
      body: body.slice(0, body.indexOf('event: message_delta')),
    })
    expect((await call(transport, { upstream: to, body: { messages } })).result).toMatchObject({
      ok: false,
      usage: null,
    })
  })
})

test.each(['anthropic', 'google'] as const)('%s: a simulated deployment says so in every line', async (kind) => {
  double.answer({ headers: { 'content-type': 'text/event-stream' }, body: fixture(kind, 'text.sse') })
  const { lines } = await call(transport, {
    upstream: upstream(kind, double.url, { simulated: true }),
    includeUsage: true,
  })
  expect(lines.length).toBeGreaterThan(3)
  for (const { data } of lines) {
    expect(JSON.parse(data)).toMatchObject({
      id: 'chatcmpl-01J8ZQ4YB3M5T7V9X1C2D3E4F5-1',
      system_fingerprint: 'simulator',
    })
  }
  double.answer({ headers: { 'content-type': 'application/json' }, body: fixture(kind, 'text.json') })
  const { result } = await call(transport, { upstream: upstream(kind, double.url, { simulated: true }), stream: false })
  expect(JSON.parse((result.ok && result.body) || '')).toMatchObject({ system_fingerprint: 'simulator' })
})
