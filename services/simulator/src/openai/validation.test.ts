import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
beforeAll(async () => {
  bundle = await simulatorBundle()
})
afterAll(() => bundle.stop())

const hi = [{ role: 'user', content: 'hi' }]
const tool = { type: 'function', function: { name: 'f', parameters: {} } }
const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }
const open = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
const format = (schema: unknown) => ({ type: 'json_schema', json_schema: { name: 's', strict: true, schema } })

type Case = [body: unknown, status: number, error: { message?: unknown; param?: string | null; code?: string | null }]
const CASES: Record<string, Case> = {
  'no JSON': ['{"model":', 400, { message: expect.stringContaining('could not parse the JSON body') }],
  'no model': [{ messages: hi }, 400, { message: 'you must provide a model parameter' }],
  'no messages': [{ model: 'gpt-5.5' }, 400, { param: 'messages', code: 'missing_required_parameter' }],
  'empty messages': [{ model: 'gpt-5.5', messages: [] }, 400, { param: 'messages', code: 'empty_array' }],
  'wrong role': [
    { model: 'gpt-5.5', messages: [{ role: 'robot', content: 'x' }] },
    400,
    {
      message: "Invalid value: 'robot'. Supported values are: 'system', 'developer', 'user', 'assistant', and 'tool'.",
      param: 'messages[0].role',
      code: 'invalid_value',
    },
  ],
  'wrong content type': [
    { model: 'gpt-5.5', messages: [{ role: 'user', content: 5 }] },
    400,
    {
      message:
        "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got an integer instead.",
      param: 'messages[0].content',
      code: 'invalid_type',
    },
  ],
  'part without text': [
    { model: 'gpt-5.5', messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    400,
    { param: 'messages[0].content[0].text', code: 'missing_required_parameter' },
  ],
  'bad image': [
    { model: 'gpt-4o', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'cat.png' } }] }] },
    400,
    { param: 'messages[0].content[0].image_url.url' },
  ],
  'temperature out of range': [
    { model: 'gpt-4o', messages: hi, temperature: 3 },
    400,
    {
      message: "Invalid 'temperature': integer above maximum value. Expected a value <= 2, but got 3 instead.",
      param: 'temperature',
    },
  ],
  'too many stops': [
    { model: 'gpt-4o', messages: hi, stop: ['a', 'b', 'c', 'd', 'e'] },
    400,
    { param: 'stop', code: 'array_above_max_length' },
  ],
  'a field of ours': [
    { model: 'gpt-5.5', messages: hi, switchyard: {} },
    400,
    { message: 'Unrecognized request argument supplied: switchyard', param: null, code: null },
  ],
  'a nested unknown field': [
    { model: 'gpt-5.5', messages: [{ role: 'user', content: 'x', mood: 'good' }] },
    400,
    { param: 'messages[0].mood', code: 'unknown_parameter' },
  ],
  'unknown model': [{ model: 'llama', messages: hi }, 404, { code: 'model_not_found' }],
  'missing model': [{ model: 'gpt-missing', messages: hi }, 404, { code: 'model_not_found' }],
  'temperature for a reasoning model': [
    { model: 'gpt-5.5', messages: hi, temperature: 0.2 },
    400,
    {
      message:
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
      param: 'temperature',
      code: 'unsupported_value',
    },
  ],
  'max_tokens for a reasoning model': [
    { model: 'o4-mini', messages: hi, max_tokens: 5 },
    400,
    { param: 'max_tokens', code: 'unsupported_parameter' },
  ],
  'stream_options without stream': [
    { model: 'gpt-5.5', messages: hi, stream_options: { include_usage: true } },
    400,
    { param: 'stream_options' },
  ],
  'tool_choice without tools': [{ model: 'gpt-5.5', messages: hi, tool_choice: 'auto' }, 400, { param: 'tool_choice' }],
  'orphaned tool result': [
    { model: 'gpt-5.5', messages: [...hi, { role: 'tool', tool_call_id: 'c1', content: 'x' }] },
    400,
    { message: expect.stringContaining("must be a response to a preceeding message with 'tool_calls'") },
  ],
  'unanswered tool call': [
    { model: 'gpt-5.5', tools: [tool], messages: [...hi, { role: 'assistant', tool_calls: [call] }, ...hi] },
    400,
    { message: expect.stringContaining('did not have response messages: c1') },
  ],
  'json_object without the word': [
    { model: 'gpt-5.5', messages: hi, response_format: { type: 'json_object' } },
    400,
    { message: expect.stringContaining("must contain the word 'json'") },
  ],
  'strict schema left open': [
    { model: 'gpt-5.5', messages: hi, response_format: format(open) },
    400,
    {
      message:
        "Invalid schema for response_format 's': In context=(), 'additionalProperties' is required to be supplied and to be false.",
    },
  ],
  'strict schema with optional property': [
    { model: 'gpt-5.5', messages: hi, response_format: format({ ...open, additionalProperties: false, required: [] }) },
    400,
    { message: expect.stringContaining("Missing 'a'") },
  ],
}

test.each(Object.entries(CASES))('%s', async (_, [body, status, error]) => {
  const response = await bundle.post('/openai/v1/chat/completions', body)
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', ...error } })
  expect(response.status).toBe(status)
  expect(response.headers.get('x-request-id')).toMatch(/^req_/)
})

test('what a model refuses can be set', async () => {
  const ask = () =>
    bundle.post('/openai/v1/chat/completions', { model: 'gpt-5-mini', messages: hi, temperature: 0.2, max_tokens: 9 })
  expect((await ask()).status).toBe(400)
  await bundle.model('gpt-5-mini', { refuses: [] })
  expect((await ask()).status).toBe(200)
})

test('a prompt over the context window is refused', async () => {
  await bundle.model('gpt-4o', { contextWindow: 10 })
  const response = await bundle.post('/openai/v1/chat/completions', {
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'x'.repeat(41) }],
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({
    error: {
      code: 'context_length_exceeded',
      param: 'messages',
      message: expect.stringContaining(
        'maximum context length is 10 tokens. However, your messages resulted in 11 tokens',
      ),
    },
  })
})

test('unknown paths and content types', async () => {
  const nowhere = await bundle.post('/openai/v1/nothing', {})
  expect(nowhere.status).toBe(404)
  expect(await nowhere.json()).toMatchObject({ error: { message: 'Invalid URL (POST /v1/nothing)' } })
  const text = await bundle.post('/openai/v1/chat/completions', '{}', { 'content-type': 'text/plain' })
  expect(text.status).toBe(400)
})
