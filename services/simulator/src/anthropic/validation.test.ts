import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
beforeAll(async () => {
  bundle = await simulatorBundle()
})
afterAll(() => bundle.stop())

const hi = [{ role: 'user', content: 'hi' }]
const base = { model: 'claude-opus-4-7', max_tokens: 100, messages: hi }
const use = { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'f', input: {} }] }
const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'x' }] }
const tools = [{ name: 'f', input_schema: { type: 'object' } }]
const format = (schema: unknown) => ({ output_config: { format: { type: 'json_schema', schema } } })

const CASES: Record<string, [body: unknown, message: unknown, status?: number, type?: string]> = {
  'no JSON': ['{', 'The request body is not valid JSON'],
  'no max_tokens': [{ model: 'claude-opus-4-7', messages: hi }, 'max_tokens: Field required'],
  'no messages': [{ model: 'claude-opus-4-7', max_tokens: 1 }, 'messages: Field required'],
  'unknown model': [{ ...base, model: 'gpt-5.5' }, 'model: gpt-5.5', 404, 'not_found_error'],
  'missing model': [{ ...base, model: 'claude-missing' }, 'model: claude-missing', 404, 'not_found_error'],
  'a foreign field': [{ ...base, n: 2 }, 'n: Extra inputs are not permitted'],
  'a foreign field of a message': [
    { ...base, messages: [{ role: 'user', content: 'x', name: 'me' }] },
    'messages.0.name: Extra inputs are not permitted',
  ],
  'temperature over one': [
    { ...base, model: 'claude-haiku-4-5', temperature: 1.5 },
    'temperature: Input should be less than or equal to 1',
  ],
  'temperature for the newest': [{ ...base, temperature: 0.2 }, '`temperature` is deprecated for this model.'],
  'top_p for the newest': [{ ...base, top_p: 0.9 }, '`top_p` is deprecated for this model.'],
  'top_k for the newest': [{ ...base, top_k: 4 }, '`top_k` is deprecated for this model.'],
  'temperature and top_p': [
    { ...base, model: 'claude-sonnet-4-5', temperature: 0.2, top_p: 0.9 },
    expect.stringContaining('cannot both be specified'),
  ],
  'too many output tokens': [
    { ...base, model: 'claude-haiku-4-5', max_tokens: 70_000 },
    'max_tokens: 70000 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5',
  ],
  'system as a role': [
    { ...base, messages: [{ role: 'system', content: 'x' }, ...hi] },
    expect.stringContaining('Unexpected role "system"'),
  ],
  'assistant first': [
    { ...base, messages: [{ role: 'assistant', content: 'x' }, ...hi] },
    expect.stringContaining('first message'),
  ],
  'empty text block': [
    { ...base, messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
    'messages: text content blocks must be non-empty',
  ],
  'empty content': [
    { ...base, messages: [{ role: 'user', content: '' }] },
    expect.stringContaining('non-empty content'),
  ],
  'unknown block': [
    { ...base, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
    expect.stringContaining("messages.0.content.0: Input tag 'image_url' found using 'type' does not match"),
  ],
  'prefill for the newest': [
    { ...base, messages: [...hi, { role: 'assistant', content: 'Well' }] },
    expect.stringContaining('does not support assistant message prefill'),
  ],
  'unanswered tool use': [
    { ...base, tools, messages: [...hi, use, ...hi] },
    expect.stringContaining('messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1'),
  ],
  'orphaned tool result': [
    { ...base, tools, messages: [result] },
    expect.stringContaining('unexpected `tool_use_id` found'),
  ],
  'tool choice without tools': [
    { ...base, tool_choice: { type: 'any' } },
    'tool_choice: may only be specified while providing tools',
  ],
  'thinking budget for the newest': [
    { ...base, max_tokens: 2000, thinking: { type: 'enabled', budget_tokens: 1024 } },
    expect.stringContaining('"thinking.type.enabled" is not supported for this model'),
  ],
  'thinking over max_tokens': [
    { ...base, model: 'claude-sonnet-4-5', thinking: { type: 'enabled', budget_tokens: 1024 } },
    '`max_tokens` must be greater than `thinking.budget_tokens`.',
  ],
  'schema left open': [
    { ...base, ...format({ type: 'object', properties: {} }) },
    "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
  ],
  'schema with bounds': [
    {
      ...base,
      ...format({ type: 'object', additionalProperties: false, properties: { a: { type: 'integer', minimum: 1 } } }),
    },
    "output_config.format.schema: For 'integer' type, properties minimum are not supported",
  ],
  'schema for an old model': [
    { ...base, model: 'claude-3-haiku-20240307', ...format({ type: 'object', additionalProperties: false }) },
    "'claude-3-haiku-20240307' does not support output format.",
  ],
  'bad image': [
    {
      ...base,
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '***' } }],
        },
      ],
    },
    expect.stringContaining('messages.0.content.0.image.source.base64.data'),
  ],
}

test.each(Object.entries(CASES))('%s', async (_, [body, message, status = 400, type = 'invalid_request_error']) => {
  const response = await bundle.post('/anthropic/v1/messages', body)
  expect(await response.json()).toEqual({
    type: 'error',
    error: { type, message },
    request_id: response.headers.get('request-id'),
  })
  expect(response.status).toBe(status)
})

test('the version header is required', async () => {
  const response = await bundle.post('/anthropic/v1/messages', base, { 'anthropic-version': '' })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('anthropic-version') } })
})

test('version 2026-10-21 took three things away', async () => {
  const ask = async (body: object) => {
    const response = await bundle.post(
      '/anthropic/v1/messages',
      { ...base, ...body },
      { 'anthropic-version': '2026-10-21' },
    )
    return ((await response.json()) as { error: { message: string } }).error.message
  }
  const citations = [{ type: 'char_location' }]
  const source = { type: 'text', media_type: 'text/plain', data: 'x' }
  expect(await ask({ model: 'claude-haiku-4-5', temperature: 1 })).toBe('temperature: Extra inputs are not permitted')
  expect(await ask({ messages: [{ role: 'user', content: [{ type: 'text', text: 'x', citations }] }] })).toContain(
    'citations',
  )
  expect(await ask({ messages: [...hi, { role: 'assistant', content: [{ type: 'document', source }] }] })).toContain(
    'document',
  )
})

test('older models take a temperature and a prefill', async () => {
  const body = {
    ...base,
    model: 'claude-sonnet-4-5',
    temperature: 0.2,
    messages: [...hi, { role: 'assistant', content: 'Well' }],
  }
  expect((await bundle.post('/anthropic/v1/messages', body)).status).toBe(200)
})

test('a prompt over the context window is refused', async () => {
  await bundle.model('claude-haiku-4-5', { contextWindow: 10 })
  const body = { ...base, model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'x'.repeat(41) }] }
  const response = await bundle.post('/anthropic/v1/messages', body)
  expect(await response.json()).toMatchObject({
    error: { type: 'invalid_request_error', message: 'prompt is too long: 11 tokens > 10 maximum' },
  })
})
