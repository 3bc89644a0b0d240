import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
let client: OpenAI
beforeAll(async () => {
  bundle = await simulatorBundle()
  client = bundle.openai()
})
afterAll(() => bundle.stop())

const user = (content: string) => [{ role: 'user' as const, content }]
const README =
  'Summarise.\n\n# Left Pad\n\nPads strings, by Ada Lovelace. It has 42 users.\n\nReleased under the MIT license.'
const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city'],
    },
  },
}
const TIME = {
  type: 'function' as const,
  function: { name: 'get_time', parameters: { type: 'object', properties: {} } },
}

test('an answer is about the document it was given', async () => {
  const { data, response } = await client.chat.completions
    .create({ model: 'gpt-5.5', messages: user(README) })
    .withResponse()
  const [choice] = data.choices
  expect(choice!.message.content).toBe(
    'Left Pad: Pads strings, by Ada Lovelace. It has 42 users.\nWords: 17.\nLicence: MIT.\nNames: Left Pad, Ada Lovelace.\nNumbers: 42.',
  )
  expect(choice!.finish_reason).toBe('stop')
  expect(data.system_fingerprint).toBe('simulator')
  const prompt = Math.ceil(README.length / 4)
  expect(data.usage).toMatchObject({
    prompt_tokens: prompt,
    completion_tokens: Math.ceil(choice!.message.content!.length / 4),
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  })
  expect(data.usage!.total_tokens).toBe(data.usage!.prompt_tokens + data.usage!.completion_tokens)
  expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  expect(Number(response.headers.get('x-ratelimit-limit-requests'))).toBe(100_000)
  expect(response.headers.get('x-ratelimit-reset-tokens')).toMatch(/^\d+ms$/)
})

test('a stream begins with the role, carries the same text, and ends with usage', async () => {
  const whole = await client.chat.completions.create({ model: 'gpt-5.5', messages: user(README) })
  const stream = await client.chat.completions.create({
    model: 'gpt-5.5',
    messages: user(README),
    stream: true,
    stream_options: { include_usage: true },
  })
  const chunks = await Array.fromAsync(stream)
  expect(chunks[0]!.choices[0]!.delta).toMatchObject({ role: 'assistant', content: '' })
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
  expect(text).toBe(whole.choices[0]!.message.content)
  expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop')
  expect(chunks.at(-1)!.choices).toEqual([])
  expect(chunks.at(-1)!.usage).toEqual(whole.usage)
  expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
})

test('without include_usage there is no usage, and [DONE] is last', async () => {
  const response = await bundle.post('/openai/v1/chat/completions', {
    model: 'gpt-5.5',
    messages: user('echo: hi'),
    stream: true,
  })
  const text = await response.text()
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(text).not.toContain('usage')
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
})

test('parallel tool calls are streamed in fragments, and results are quoted', async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = user('Use get_time and get_weather for Paris please')
  const runner = client.chat.completions.stream({ model: 'gpt-5.5', messages, tools: [WEATHER, TIME] })
  let fragments = 0
  runner.on('tool_calls.function.arguments.delta', () => {
    fragments++
  })
  const { choices } = await runner.finalChatCompletion()
  const calls = choices[0]!.message.tool_calls!
  expect(choices[0]!.finish_reason).toBe('tool_calls')
  expect(fragments).toBeGreaterThan(2)
  const functions = calls.flatMap((call) => (call.type === 'function' ? [call.function] : []))
  expect(functions.map(({ name }) => name)).toEqual(['get_time', 'get_weather'])
  expect(JSON.parse(functions[1]!.arguments)).toEqual({ city: 'Paris', days: 7 })
  const answer = await client.chat.completions.create({
    model: 'gpt-5.5',
    tools: [WEATHER, TIME],
    messages: [
      ...messages,
      {
        role: 'assistant',
        tool_calls: functions.map((f, i) => ({
          id: calls[i]!.id,
          type: 'function',
          function: { name: f.name, arguments: f.arguments },
        })),
      },
      { role: 'tool', tool_call_id: calls[0]!.id, content: 'half past nine' },
      { role: 'tool', tool_call_id: calls[1]!.id, content: 'rain' },
    ],
  })
  expect(answer.choices[0]!.message.content).toBe('get_time says: half past nine\nget_weather says: rain')
})

test('tool choice and parallel calls are obeyed', async () => {
  const ask = async (text: string, extra: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) => {
    const { choices } = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: user(text),
      tools: [WEATHER, TIME],
      ...extra,
    })
    return (choices[0]!.message.tool_calls ?? []).map((call) => (call.type === 'function' ? call.function.name : ''))
  }
  expect(await ask('hello', {})).toEqual([])
  expect(await ask('hello', { tool_choice: 'required' })).toEqual(['get_weather'])
  expect(await ask('hello', { tool_choice: { type: 'function', function: { name: 'get_time' } } })).toEqual([
    'get_time',
  ])
  expect(await ask('get_time and get_weather', { tool_choice: 'none' })).toEqual([])
  expect(await ask('get_time and get_weather', { parallel_tool_calls: false })).toEqual(['get_time'])
})

test('a JSON schema is answered from the text', async () => {
  const schema = {
    type: 'object',
    additionalProperties: false,
    required: ['title', 'licence', 'users', 'kind'],
    properties: {
      title: { type: 'string' },
      licence: { type: 'string' },
      users: { type: 'integer' },
      kind: { enum: ['book', 'library', 'pads'] },
    },
  }
  const { choices } = await client.chat.completions.create({
    model: 'gpt-5.5',
    messages: user(README),
    response_format: { type: 'json_schema', json_schema: { name: 'card', strict: true, schema } },
  })
  expect(JSON.parse(choices[0]!.message.content!)).toEqual({
    title: 'Left Pad',
    licence: 'MIT',
    users: 42,
    kind: 'pads',
  })
})

test('limits, stop sequences, n and echo', async () => {
  const ask = (extra: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) =>
    client.chat.completions.create({ model: 'gpt-4o', messages: user('echo: one two three four'), ...extra })
  const short = await ask({ max_tokens: 2 })
  expect(short.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'one two ' } })
  expect(short.usage!.completion_tokens).toBe(2)
  expect((await ask({ max_completion_tokens: 1 })).choices[0]!.message.content).toBe('one ')
  expect((await ask({ stop: ['four', ' three'] })).choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: 'one two' },
  })
  const twice = await ask({ n: 2 })
  expect(twice.choices.map((choice) => [choice.index, choice.message.content])).toEqual([
    [0, 'one two three four'],
    [1, 'one two three four'],
  ])
  expect(twice.usage!.completion_tokens).toBe(10)
})

test('reasoning is shown and counted when an effort is asked for', async () => {
  const ask = (effort: 'none' | 'high') =>
    client.chat.completions.create({ model: 'gpt-5.5', messages: user('echo me'), reasoning_effort: effort })
  const plain = await ask('none')
  expect(plain.choices[0]!.message).not.toHaveProperty('reasoning_content')
  const thought = await ask('high')
  expect(Reflect.get(thought.choices[0]!.message, 'reasoning_content')).toContain('2 words')
  expect(thought.usage!.completion_tokens_details!.reasoning_tokens).toBeGreaterThan(10)
  expect(thought.choices[0]!.message.content).toBe(plain.choices[0]!.message.content)
})

test('pictures are mentioned with type and size, or host', async () => {
  const png = Buffer.from('not really a picture').toString('base64')
  const { choices } = await client.chat.completions.create({
    model: 'gpt-4o',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
          { type: 'image_url', image_url: { url: 'https://pictures.example/a/cat.jpg' } },
        ],
      },
    ],
  })
  expect(choices[0]!.message.content).toContain(
    'Image 1: image/png, 20 bytes.\nImage 2: image/jpeg at pictures.example.',
  )
})

test('a directive sets the number of chunks', async () => {
  const stream = await client.chat.completions.create({
    model: 'gpt-5.5',
    messages: user('length: 50 chunks'),
    stream: true,
  })
  const chunks = await Array.fromAsync(stream)
  expect(chunks.filter((chunk) => (chunk.choices[0]?.delta.content ?? '') !== '')).toHaveLength(50)
})

test('a long prompt seen before counts as cached', async () => {
  const messages = user(`Summarise.\n\n${'All work and no play. '.repeat(400)}`)
  const first = await client.chat.completions.create({ model: 'gpt-5.5', messages })
  const again = await client.chat.completions.create({ model: 'gpt-5.5', messages })
  expect(first.usage!.prompt_tokens_details!.cached_tokens).toBe(0)
  expect(again.usage!.prompt_tokens_details!.cached_tokens).toBe(Math.floor(again.usage!.prompt_tokens / 128) * 128)
})

test('embeddings depend on the text alone and have length one', async () => {
  const { data, usage } = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b', 'a'] })
  expect(data[0]!.embedding).toHaveLength(1536)
  expect(data[0]!.embedding).toEqual(data[2]!.embedding)
  expect(data[0]!.embedding).not.toEqual(data[1]!.embedding)
  expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 4)
  expect(usage.prompt_tokens).toBe(1)
  const short = await client.embeddings.create({
    model: 'text-embedding-3-large',
    input: 'a',
    dimensions: 8,
    encoding_format: 'float',
  })
  expect(short.data[0]!.embedding).toHaveLength(8)
})

test('models are listed', async () => {
  const names = (await Array.fromAsync(client.models.list())).map((model) => model.id)
  expect(names).toContain('gpt-5.5-pro')
  expect((await client.models.retrieve('gpt-5.5')).id).toBe('gpt-5.5')
  await expect(client.models.retrieve('nothing')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
})

test('a missing or wrong key is an authentication error', async () => {
  const wrong = bundle.openai('invalid').chat.completions.create({ model: 'gpt-5.5', messages: user('hi') })
  await expect(wrong).rejects.toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' })
  const response = await bundle.post('/openai/v1/chat/completions', {}, { authorization: '' })
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: { code: null, param: null, type: 'invalid_request_error' } })
})
