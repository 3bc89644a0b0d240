import { describe, expect, test } from 'vitest'
import { chatRequest } from '../openai-chat/request.ts'
import { inResponsesWords, responsesName } from './parameter-names.ts'
import { responsesRequest } from './request.ts'
import { toChatRequest } from './to-chat-request.ts'

const decode = (body: object) => toChatRequest(responsesRequest.parse({ model: 'm', input: 'hi', ...body }))
const TOOLS = ['a', 'b'].map((name) => ({ type: 'function', name, parameters: { type: 'object' }, strict: true }))

describe('a Responses request as a chat request', () => {
  test('with text and instructions', () => {
    expect(decode({ instructions: 'Be brief.' })).toEqual({
      places: ['instructions', 'input'],
      request: {
        model: 'm',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hi' },
        ],
      },
    })
  })

  test('with a conversation: what the model said in one turn becomes one message', () => {
    const { request, places } = decode({
      input: [
        { role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'look' },
            { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'original' },
            { type: 'input_file', file_data: 'data:x', filename: 'x.pdf' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [] },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'wait', annotations: [] }],
        },
        { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'a', arguments: '{}' },
        { type: 'function_call', call_id: 'c2', name: 'b', arguments: '{"x":1}' },
        { type: 'function_call_output', call_id: 'c1', output: 'one' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'two' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
      ],
    })
    expect(request.messages).toEqual([
      { role: 'developer', content: [{ type: 'text', text: 'rules' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'high' } },
          { type: 'file', file: { file_data: 'data:x', filename: 'x.pdf' } },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'wait' }],
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'a', arguments: '{}' } },
          { id: 'c2', type: 'function', function: { name: 'b', arguments: '{"x":1}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'one' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'two' }] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    ])
    expect(places).toEqual(['input[0]', 'input[1]', 'input[3]', 'input[6]', 'input[7]', 'input[8]'])
    expect(chatRequest.safeParse(request).success).toBe(true)
  })

  test('with parameters', () => {
    const schema = { type: 'object', properties: {} }
    expect(
      decode({
        temperature: 0.2,
        top_p: 0.5,
        max_output_tokens: 100,
        reasoning: { effort: 'high', summary: 'auto' },
        text: { format: { type: 'json_schema', name: 'x', schema, strict: true }, verbosity: 'low' },
        top_logprobs: 3,
        service_tier: 'flex',
        user: 'u',
        prompt_cache_key: 'k',
        store: true,
        metadata: { a: 'b' },
        truncation: 'disabled',
      }).request,
    ).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      temperature: 0.2,
      top_p: 0.5,
      max_completion_tokens: 100,
      reasoning_effort: 'high',
      verbosity: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
      logprobs: true,
      top_logprobs: 3,
      service_tier: 'flex',
      user: 'u',
      prompt_cache_key: 'k',
    })
  })

  test('with what it says of the prompt cache, and of that what a chat request can say', () => {
    const mark = { prompt_cache_breakpoint: { mode: 'explicit' } }
    const { messages, prompt_cache_options, prompt_cache_retention } = decode({
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'd', ...mark },
            { type: 'input_text', text: 'q' },
          ],
        },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'r', ...mark }] },
      ],
      prompt_cache_options: { mode: 'explicit', ttl: '12h', prewarm: false },
      prompt_cache_retention: '24h',
    }).request
    expect(messages[0]!.content).toEqual([
      { type: 'text', text: 'd', ...mark },
      { type: 'text', text: 'q' },
    ])
    expect(messages[2]!.content).toEqual([{ type: 'text', text: 'r', ...mark }])
    expect({ prompt_cache_options, prompt_cache_retention }).toEqual({
      prompt_cache_options: { mode: 'explicit', ttl: '30m' },
      prompt_cache_retention: '24h',
    })
  })

  test.each([
    ['auto', ['a', 'b'], 'auto'],
    [{ type: 'function', name: 'b' }, ['a', 'b'], { type: 'function', function: { name: 'b' } }],
    [{ type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'b' }] }, ['b'], 'required'],
  ])('with the tool choice %j', (tool_choice, names, choice) => {
    const { request } = decode({ tools: TOOLS, tool_choice, parallel_tool_calls: false })
    expect(request.tools?.map((tool) => tool.function.name)).toEqual(names)
    expect(request).toMatchObject({ tool_choice: choice, parallel_tool_calls: false })
    expect(request.tools?.[0]?.function).toMatchObject({ parameters: { type: 'object' }, strict: true })
  })

  test.each<[string, object, string]>([
    [
      'a file by URL',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://x' }] }] },
      'input[0].content[0].file_url',
    ],
    [
      'an image by id',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] }] },
      'input[0].content[0].file_id',
    ],
    [
      'an image of the system',
      { input: [{ role: 'system', content: [{ type: 'input_image', image_url: 'x' }] }] },
      'input[0].content[0].type',
    ],
    [
      'a picture as a result',
      { input: [{ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: 'x' }] }] },
      'input[0].output[0]',
    ],
    ['nothing but thoughts', { input: [{ type: 'reasoning', id: 'r', summary: [] }] }, 'input'],
    [
      'a tool that is not offered',
      { tools: TOOLS, tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'c' }] } },
      'tool_choice.tools',
    ],
  ])('refuses %s by its place', (_what, body, param) => {
    expect(() => decode(body)).toThrow(expect.objectContaining({ param, status: 400 }))
  })
})

test.each([
  ['response_format', 'text.format'],
  ['max_completion_tokens', 'max_output_tokens'],
  ['temperature', 'temperature'],
  ['messages', 'input'],
  ['messages[1].content[2].image_url', 'input[4].content[2].image_url'],
  ['messages[1].tool_calls', 'input[4]'],
  ['messages[0]', 'instructions'],
  ['messages[9]', 'input'],
])('%s is %s', (chat, responses) => {
  expect(responsesName(chat, ['instructions', 'input[4]'])).toBe(responses)
})

test('sentences too', () => {
  expect(inResponsesWords('It does not support response_format with a JSON schema.')).toBe(
    'It does not support text.format with a JSON schema.',
  )
})
