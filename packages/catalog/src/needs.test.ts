import { chatRequest } from '@switchyard/contract/openai-chat/request'
import { describe, expect, test } from 'vitest'
import { needsOf } from './needs.ts'

const hello = [{ role: 'user', content: 'hello' }]
const needs = (body: object) => needsOf(chatRequest.parse({ model: 'm', messages: hello, ...body }))
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]

test('a plain request needs nothing', () => {
  expect(needs({ stream: true, stream_options: { include_usage: true }, switchyard: {} })).toEqual({
    tools: false,
    parallelTools: false,
    jsonSchema: false,
    jsonObject: false,
    images: false,
    imageUrls: false,
    audio: false,
    files: false,
    fileIds: false,
    logprobs: false,
    choices: 1,
    reasoning: false,
    prefill: false,
    inputTokens: 5,
    maxOutputTokens: null,
    parameters: [],
    inMessages: {},
  })
})

describe('parameters', () => {
  test.each([
    [{ tools }, { tools: true, parameters: ['tools'] }],
    [
      { tools, parallel_tool_calls: true },
      { parallelTools: true, parameters: ['tools', 'parallel_tool_calls'] },
    ],
    [
      { tools, parallel_tool_calls: false },
      { parallelTools: false, parameters: ['tools', 'parallel_tool_calls'] },
    ],
    [
      { tools: [], tool_choice: 'none', parallel_tool_calls: false },
      { tools: false, parameters: [] },
    ],
    [{ tools, tool_choice: 'none' }, { parameters: ['tools', 'tool_choice'] }],
    [
      { response_format: { type: 'json_object' } },
      { jsonObject: true, jsonSchema: false, parameters: ['response_format'] },
    ],
    [{ response_format: { type: 'json_schema', json_schema: { name: 'x' } } }, { jsonObject: false, jsonSchema: true }],
    [{ logprobs: true }, { logprobs: true, parameters: ['logprobs'] }],
    [{ n: 2 }, { choices: 2, parameters: ['n'] }],
    [{ reasoning_effort: 'low' }, { reasoning: true, parameters: ['reasoning_effort'] }],
    [{ modalities: ['text', 'audio'] }, { audio: true, parameters: ['modalities'] }],
    [{ service_tier: 'flex' }, { parameters: [] }],
    [{ service_tier: 'priority' }, { parameters: ['service_tier'] }],
    [{ temperature: 1, unheard_of: 0 }, { parameters: ['temperature', 'unheard_of'] }],
    [{ max_tokens: 5 }, { maxOutputTokens: 5 }],
    [{ max_tokens: 5, max_completion_tokens: 7 }, { maxOutputTokens: 7 }],
  ])('%j', (body, expected) => expect(needs(body)).toMatchObject(expected))
})

describe('messages', () => {
  const user = (...content: object[]) => ({
    messages: [
      { role: 'system', content: 'x' },
      { role: 'user', content },
    ],
  })
  const picture = (url: string, detail?: string) => ({ type: 'image_url', image_url: { url, detail } })

  test.each([
    [
      user(picture('data:image/png;base64,AA')),
      { images: true, imageUrls: false, inMessages: { images: 'messages[1].content[0].image_url' } },
    ],
    [
      user({ type: 'text', text: 'x' }, picture('https://e.com/x')),
      { imageUrls: true, inMessages: { imageUrls: 'messages[1].content[1].image_url' } },
    ],
    [user({ type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } }), { audio: true }],
    [user({ type: 'file', file: { file_data: 'data:,x' } }), { files: true, fileIds: false }],
    [user({ type: 'file', file: { file_id: 'f' } }), { files: true, fileIds: true }],
    [
      { messages: [...hello, { role: 'assistant', content: 'Once' }] },
      { prefill: true, inMessages: { prefill: 'messages[1]' } },
    ],
    [
      { messages: [{ role: 'tool', content: 'x', tool_call_id: 'c' }] },
      { tools: true, inMessages: { tools: 'messages[0]' } },
    ],
  ])('%j', (body, expected) => expect(needs(body)).toMatchObject(expected))

  test('everything that is sent is counted', () => {
    const plain = needs({}).inputTokens
    expect(needs({ tools }).inputTokens).toBeGreaterThan(plain)
    expect(
      needs({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { a: 'b' } } } }).inputTokens,
    ).toBeGreaterThan(plain)
    expect(needs(user(picture('https://e.com/x'))).inputTokens).toBeGreaterThan(1_000)
    expect(needs(user(picture('https://e.com/x', 'low'))).inputTokens).toBeLessThan(200)
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"a": "some words"}' } }
    expect(needs({ messages: [{ role: 'assistant', tool_calls: [call] }] }).inputTokens).toBeGreaterThan(8)
  })

  test('the bytes of a picture are not read as text', () => {
    expect(needs(user(picture(`data:image/png;base64,${'A'.repeat(1_000_000)}`))).inputTokens).toBeLessThan(2_000)
  })

  test('it holds nothing of the prompt', () => {
    const body = { messages: [{ role: 'user', content: 'canary' }], user: 'canary', stop: 'canary' }
    expect(JSON.stringify(needs(body))).not.toContain('canary')
  })
})
