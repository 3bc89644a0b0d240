import { BrokerError } from '@switchyard/contract/broker-error'
import { describe, expect, test } from 'vitest'
import { readResponsesRequest } from './read-responses-request.ts'

const read = (body: object) => readResponsesRequest(Buffer.from(JSON.stringify({ model: 'm', input: 'hi', ...body })))
const part = (content: object) => ({ input: [{ role: 'user', content: [content] }] })

function refusal(body: object): [string, string | null] {
  try {
    read(body)
  } catch (error) {
    if (BrokerError.is(error)) return [error.code, error.param]
    throw error
  }
  throw new Error('it was accepted')
}

describe('a Responses request', () => {
  test('is told apart by what it needs, in its own places', () => {
    const { needs, response, stream } = read({
      stream: true,
      instructions: 'x',
      tools: [{ type: 'function', name: 'f' }],
      text: { format: { type: 'json_schema', name: 'x', schema: {} } },
      reasoning: { effort: 'low' },
      max_output_tokens: 50,
      ...part({ type: 'input_image', image_url: 'https://example.com/a.png' }),
    })
    expect(stream).toBe(true)
    expect(response).toEqual({ store: true, background: false, previousResponseId: null })
    expect(needs).toMatchObject({
      responses: true,
      tools: true,
      jsonSchema: true,
      images: true,
      imageUrls: true,
      reasoning: true,
      maxOutputTokens: 50,
      inMessages: { images: 'input[0].content[0].image_url' },
    })
    expect(needs.parameters).toEqual(expect.arrayContaining(['tools', 'response_format', 'reasoning_effort']))
  })

  test('asks for nothing by saying what goes without saying', () => {
    const { needs } = read({
      truncation: 'disabled',
      text: { format: { type: 'text' } },
      store: true,
      metadata: { a: 'b' },
      include: [],
      stream_options: { include_obfuscation: false },
      max_tool_calls: 3,
    })
    expect(needs.parameters).toEqual([])
  })

  test('that wants more of the prompt cache than a chat request can say says so', () => {
    const cache = { prompt_cache_options: { ttl: '12h', prewarm: true, comparison_response_id: 'resp_1' } }
    const marked = part({ type: 'input_text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit' } })
    const { parameters, firstBreakpoint } = read({ ...cache, ...marked }).needs
    expect(parameters.sort()).toEqual([
      'prompt_cache_breakpoint',
      'prompt_cache_options',
      'prompt_cache_options.comparison_response_id',
      'prompt_cache_options.prewarm',
      'prompt_cache_options.ttl',
    ])
    expect(firstBreakpoint).toBe('input[0].content[0].prompt_cache_breakpoint')
  })

  test('that asks for what only its own dialect has says so', () => {
    expect(read({ truncation: 'auto', some_new_field: 1 }).needs.parameters).toEqual(['truncation', 'some_new_field'])
  })

  test.each<[string, object, string, string]>([
    ['no input', { input: undefined }, 'missing_required_parameter', 'input'],
    ['empty input', { input: [] }, 'invalid_value', 'input'],
    ['a wrong part', part({ type: 'input_text' }), 'missing_required_parameter', 'input[0].content[0].text'],
    ['an unknown part', part({ type: 'text', text: 'x' }), 'invalid_value', 'input[0].content[0].type'],
    [
      'a file by URL',
      part({ type: 'input_file', file_url: 'https://x' }),
      'unsupported_parameter',
      'input[0].content[0].file_url',
    ],
    [
      'a call without its id',
      { input: [{ type: 'function_call', name: 'f', arguments: '' }] },
      'missing_required_parameter',
      'input[0].call_id',
    ],
    [
      'a built-in tool',
      { tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }] },
      'unsupported_parameter',
      'tools[1].type',
    ],
    [
      'an item of a built-in tool',
      { input: [{ type: 'computer_call', id: 'x' }] },
      'unsupported_parameter',
      'input[0].type',
    ],
    ['a conversation', { conversation: 'conv_1' }, 'unsupported_parameter', 'conversation'],
    ['a stored prompt', { prompt: { id: 'pmpt_1' } }, 'unsupported_parameter', 'prompt'],
    [
      'a breakpoint of another mode',
      part({ type: 'input_text', text: 'x', prompt_cache_breakpoint: { mode: 'implicit' } }),
      'invalid_value',
      'input[0].content[0].prompt_cache_breakpoint.mode',
    ],
    [
      'an unknown cache option',
      { prompt_cache_options: { size: 1 } },
      'unknown_parameter',
      'prompt_cache_options.size',
    ],
    ['a temperature', { temperature: 3 }, 'invalid_value', 'temperature'],
    [
      'a schema without a name',
      { text: { format: { type: 'json_schema', schema: {} } } },
      'missing_required_parameter',
      'text.format.name',
    ],
    ['a tool name', { tools: [{ type: 'function', name: 'a b' }] }, 'invalid_value', 'tools[0].name'],
    ['metadata', { metadata: { a: 1 } }, 'invalid_metadata', 'metadata.a'],
    ['somebody else to ask', { api_base: 'https://x' }, 'unknown_parameter', 'api_base'],
    ['background without store', { background: true, store: false }, 'invalid_value', 'store'],
    ['to be continued', { switchyard: { on_break: 'continue' } }, 'unsupported_parameter', 'switchyard.on_break'],
    ['an unknown option', { switchyard: { nope: 1 } }, 'unknown_parameter', 'switchyard.nope'],
  ])('is refused for %s', (_what, body, code, param) => {
    expect(refusal(body)).toEqual([code, param])
  })
})
