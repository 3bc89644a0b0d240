import type OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
let client: OpenAI
beforeAll(async () => {
  bundle = await simulatorBundle()
  client = bundle.openai()
})
afterAll(() => bundle.stop())

const model = 'gpt-5.5-pro'
const WEATHER = {
  type: 'function' as const,
  name: 'get_weather',
  strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

test('a response in one piece', async () => {
  const response = await client.responses.create({ model, instructions: 'Be short.', input: 'echo: good morning' })
  expect(response).toMatchObject({ object: 'response', status: 'completed', output_text: 'good morning', store: true })
  expect(response.usage!.total_tokens).toBe(response.usage!.input_tokens + response.usage!.output_tokens)
})

test('a stream adds up to its last event, numbered without a gap', async () => {
  const stream = client.responses.stream({
    model,
    input: 'echo: one two three four five six',
    reasoning: { effort: 'low' },
  })
  const numbers: number[] = []
  for await (const event of stream) numbers.push(event.sequence_number)
  expect(numbers).toEqual(numbers.map((_, i) => i))
  expect((await stream.finalResponse()).output_text).toBe('one two three four five six')
})

test('calls tools and takes their results', async () => {
  const asked = await client.responses.create({ model, input: 'Use get_weather for Oslo.', tools: [WEATHER] })
  const call = asked.output.find((item) => item.type === 'function_call')!
  expect(call).toMatchObject({ name: 'get_weather', status: 'completed' })
  const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }
  const input = [{ role: 'user' as const, content: 'Use get_weather for Oslo.' }, call, result]
  expect((await client.responses.create({ model, input, tools: [WEATHER] })).output_text).toContain('sunny')
  await expect(client.responses.create({ model, input: [result] })).rejects.toMatchObject({
    status: 400,
    param: 'input',
  })
})

test('shows a summary of its reasoning when asked, and gives it back encrypted', async () => {
  const stream = client.responses.stream({
    model,
    input: 'How many legs has a spider?',
    reasoning: { effort: 'high', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
  })
  const types = new Set<string>()
  for await (const { type } of stream) types.add(type)
  expect([...types]).toContain('response.reasoning_summary_text.delta')
  const { output, usage } = await stream.finalResponse()
  expect(output[0]).toMatchObject({ type: 'reasoning', encrypted_content: expect.stringMatching(/^simulated-/) })
  expect(usage!.output_tokens_details.reasoning_tokens).toBeGreaterThan(0)
})

test('says when it was cut', async () => {
  const cut = await client.responses.create({ model, input: `echo: ${'word '.repeat(200)}`, max_output_tokens: 16 })
  expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
})

test.each<[string, object, number, string | null]>([
  ['an unknown field', { switchyard: {} }, 400, null],
  ['a response that it does not keep', { previous_response_id: 'resp_1' }, 400, 'previous_response_not_found'],
  ['what a reasoning model refuses', { temperature: 0.3 }, 400, null],
  ['reasoning that it can not look up', { input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] }, 404, null],
  [
    'reasoning of somebody else',
    { input: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' }] },
    400,
    'invalid_encrypted_content',
  ],
  ['an unknown model', { model: 'claude-opus-4-7' }, 404, 'model_not_found'],
])('refuses %s', async (_what, more, status, code) => {
  const response = await bundle.post('/openai/v1/responses', { model, input: 'hi', ...more })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error: { code } })
})

test('fails in the middle of a stream as the API does', async () => {
  await bundle.fault({ kind: 'error_event', afterChunks: 1, times: 1 })
  const text = await (
    await bundle.post('/openai/v1/responses', { model, input: 'echo: one two three four five six', stream: true })
  ).text()
  expect(text).toContain('event: response.failed')
  expect(text).not.toContain('response.completed')
})
