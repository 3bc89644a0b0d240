import type Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
let client: Anthropic
beforeAll(async () => {
  bundle = await simulatorBundle()
  client = bundle.anthropic()
})
afterAll(() => bundle.stop())

const model = 'claude-opus-4-7'
const user = (content: string): Anthropic.MessageParam[] => [{ role: 'user', content }]
const README =
  'Summarise.\n\n# Left Pad\n\nPads strings, by Ada Lovelace. It has 42 users.\n\nReleased under the MIT license.'
const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
const TIME: Anthropic.Tool = { name: 'get_time', input_schema: { type: 'object', properties: {} } }
const textOf = (message: Anthropic.Message) =>
  message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')

test('an answer is about the document it was given', async () => {
  const { data, response } = await client.messages
    .create({ model, max_tokens: 500, messages: user(README) })
    .withResponse()
  expect(textOf(data)).toContain('Left Pad: Pads strings, by Ada Lovelace.')
  expect(textOf(data)).toContain('Licence: MIT.')
  expect(data).toMatchObject({ role: 'assistant', model, stop_reason: 'end_turn', stop_sequence: null })
  expect(data.usage).toMatchObject({
    input_tokens: Math.ceil(README.length / 4),
    output_tokens: Math.ceil(textOf(data).length / 4),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  })
  expect(response.headers.get('request-id')).toMatch(/^req_/)
  expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('99999')
  expect(Date.parse(response.headers.get('anthropic-ratelimit-tokens-reset')!)).toBeGreaterThan(0)
})

test('a stream has the real order of events and assembles to the same message', async () => {
  const whole = await client.messages.create({ model, max_tokens: 500, messages: user(README) })
  const stream = client.messages.stream({ model, max_tokens: 500, messages: user(README) })
  const types: string[] = []
  stream.on('streamEvent', (event) => types.push(event.type))
  const assembled = await stream.finalMessage()
  expect(textOf(assembled)).toBe(textOf(whole))
  expect(assembled.usage.output_tokens).toBe(whole.usage.output_tokens)
  expect([...new Set(types)]).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
  const raw = await (
    await bundle.post('/anthropic/v1/messages', { model, max_tokens: 9, messages: user('echo: x'), stream: true })
  ).text()
  expect([...raw.matchAll(/event: (\w+)/g)].map(([, type]) => type)).toEqual([
    'message_start',
    'ping',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
})

test('tools are called in parallel, streamed, and their results quoted', async () => {
  const messages = user('Use get_time and get_weather for Paris please')
  const stream = client.messages.stream({ model, max_tokens: 500, messages, tools: [WEATHER, TIME] })
  let fragments = 0
  stream.on('inputJson', () => {
    fragments++
  })
  const message = await stream.finalMessage()
  expect(message.stop_reason).toBe('tool_use')
  expect(fragments).toBeGreaterThan(2)
  const calls = message.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []))
  expect(calls.map(({ name, input }) => [name, input])).toEqual([
    ['get_time', {}],
    ['get_weather', { city: 'Paris' }],
  ])
  const results = calls.map(({ id, name }) => ({
    type: 'tool_result' as const,
    tool_use_id: id,
    content: `${name} is done`,
  }))
  const answer = await client.messages.create({
    model,
    max_tokens: 500,
    tools: [WEATHER, TIME],
    messages: [
      ...messages,
      { role: 'assistant', content: message.content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: results },
    ],
  })
  expect(textOf(answer)).toBe('get_time says: get_time is done\nget_weather says: get_weather is done')
})

test('tool choice and parallel calls are obeyed', async () => {
  const ask = async (text: string, tool_choice: Anthropic.ToolChoice) => {
    const { content } = await client.messages.create({
      model,
      max_tokens: 99,
      messages: user(text),
      tools: [WEATHER, TIME],
      tool_choice,
    })
    return content.flatMap((block) => (block.type === 'tool_use' ? [block.name] : []))
  }
  expect(await ask('hello', { type: 'any' })).toEqual(['get_weather'])
  expect(await ask('hello', { type: 'tool', name: 'get_time' })).toEqual(['get_time'])
  expect(await ask('get_time', { type: 'none' })).toEqual([])
  expect(await ask('get_time get_weather', { type: 'auto', disable_parallel_tool_use: true })).toEqual(['get_time'])
})

test('a JSON schema is answered from the text', async () => {
  const schema = {
    type: 'object',
    additionalProperties: false,
    required: ['title', 'names'],
    properties: { title: { type: 'string' }, names: { type: 'array', items: { type: 'string' } } },
  }
  const format = { type: 'json_schema' as const, schema }
  const message = await client.messages.create({
    model,
    max_tokens: 500,
    messages: user(README),
    output_config: { format },
  })
  expect(JSON.parse(textOf(message))).toEqual({ title: 'Left Pad', names: ['Left Pad', 'Ada Lovelace'] })
})

test('max_tokens and stop sequences end the text and are named', async () => {
  const ask = (extra: Partial<Anthropic.MessageCreateParamsNonStreaming>) =>
    client.messages.create({ model, max_tokens: 100, messages: user('echo: one two three four'), ...extra })
  const short = await ask({ max_tokens: 2 })
  expect([textOf(short), short.stop_reason, short.usage.output_tokens]).toEqual(['one two ', 'max_tokens', 2])
  const stopped = await ask({ stop_sequences: ['three'] })
  expect([textOf(stopped), stopped.stop_reason, stopped.stop_sequence]).toEqual(['one two ', 'stop_sequence', 'three'])
})

test('thinking has text and signature; the newest models leave the text out by default', async () => {
  const think = (thinking: Anthropic.ThinkingConfigParam) =>
    client.messages.stream({ model, max_tokens: 2000, messages: user('echo me'), thinking }).finalMessage()
  const shown = await think({ type: 'adaptive', display: 'summarized' })
  expect(shown.content[0]).toMatchObject({
    type: 'thinking',
    thinking: expect.stringContaining('2 words'),
    signature: expect.stringMatching(/.+/),
  })
  expect(shown.content[1]).toMatchObject({ type: 'text' })
  const hidden = await think({ type: 'adaptive' })
  expect(hidden.content[0]).toMatchObject({ type: 'thinking', thinking: '', signature: expect.stringMatching(/.+/) })
  expect(hidden.usage.output_tokens).toBe(shown.usage.output_tokens)
  expect(hidden.usage.output_tokens_details!.thinking_tokens).toBeGreaterThan(10)
})

test('pictures and documents are read', async () => {
  const message = await client.messages.create({
    model,
    max_tokens: 500,
    messages: [
      {
        role: 'user',
        content: [
          {
            type: 'image',
            source: { type: 'base64', media_type: 'image/png', data: Buffer.from('12345').toString('base64') },
          },
          { type: 'image', source: { type: 'url', url: 'https://pictures.example/cat.webp' } },
          {
            type: 'document',
            title: 'Notes',
            source: { type: 'text', media_type: 'text/plain', data: 'Grace Hopper wrote them.' },
          },
          { type: 'text', text: 'Look at these.' },
        ],
      },
    ],
  })
  expect(textOf(message)).toBe(
    'Notes: Grace Hopper wrote them.\nWords: 6.\nNames: Grace Hopper.\nImage 1: image/png, 5 bytes.\nImage 2: image/webp at pictures.example.',
  )
})

test('keys and models', async () => {
  const wrong = bundle.anthropic('invalid').messages.create({ model, max_tokens: 9, messages: user('hi') })
  await expect(wrong).rejects.toMatchObject({
    status: 401,
    error: { type: 'error', error: { type: 'authentication_error', message: 'Invalid bearer token' } },
  })
  const missing = await bundle.post('/anthropic/v1/messages', {}, { 'x-api-key': '', authorization: '' })
  expect(missing.status).toBe(401)
  expect(await missing.json()).toMatchObject({
    type: 'error',
    error: { message: 'x-api-key header is required' },
    request_id: missing.headers.get('request-id'),
  })
  const names = (await Array.fromAsync(client.models.list())).map(({ id }) => id)
  expect(names).toContain(model)
})
