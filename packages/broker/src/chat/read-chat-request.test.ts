import { BrokerError } from '@switchyard/contract/broker-error'
import { describe, expect, it } from 'vitest'
import { readChatRequest } from './read-chat-request.ts'

const BASE = { model: 'm', messages: [{ role: 'user', content: 'canary-prompt' }] }

function read(body: object) {
  return readChatRequest(Buffer.from(JSON.stringify(body)))
}

function refusal(body: object): BrokerError {
  try {
    read(body)
  } catch (error) {
    if (BrokerError.is(error)) return error
    throw error
  }
  throw new Error('was accepted')
}

const user = (content: unknown) => ({ ...BASE, messages: [...BASE.messages, { role: 'user', content }] })
const options = (switchyard: unknown) => ({ ...BASE, switchyard })

describe('a chat request is refused with the exact place', () => {
  it.each<[string, object, string, string | null]>([
    ['no model', { messages: BASE.messages }, 'missing_required_parameter', 'model'],
    ['no messages', { model: 'm' }, 'missing_required_parameter', 'messages'],
    ['empty messages', { model: 'm', messages: [] }, 'invalid_value', 'messages'],
    ['messages as text', { model: 'm', messages: 'hi' }, 'invalid_value', 'messages'],
    ['null for a message', { model: 'm', messages: [null] }, 'invalid_value', 'messages[0]'],
    [
      'a message without role',
      { model: 'm', messages: [{ content: 'x' }] },
      'missing_required_parameter',
      'messages[0].role',
    ],
    [
      'an unknown role',
      { model: 'm', messages: [...BASE.messages, { role: 'robot', content: 'x' }] },
      'invalid_value',
      'messages[1].role',
    ],
    [
      '100,000 messages',
      { model: 'm', messages: new Array(100_000).fill({ role: 'user', content: 'x' }) },
      'json_too_complex',
      null,
    ],
    [
      '10,001 messages',
      { model: 'm', messages: new Array(10_001).fill({ role: 'user', content: 'x' }) },
      'invalid_value',
      'messages',
    ],
    [
      'a breakpoint without its mode',
      user([{ type: 'text', text: 'x', prompt_cache_breakpoint: {} }]),
      'missing_required_parameter',
      'messages[1].content[0].prompt_cache_breakpoint.mode',
    ],
    [
      'a lifetime that no breakpoint has',
      user([
        { type: 'text', text: 'x' },
        { type: 'text', text: 'y', prompt_cache_breakpoint: { mode: 'explicit', ttl: '5m' } },
      ]),
      'invalid_value',
      'messages[1].content[1].prompt_cache_breakpoint.ttl',
    ],
    [
      'an unknown field of a breakpoint',
      user([{ type: 'text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit', at: 1 } }]),
      'unknown_parameter',
      'messages[1].content[0].prompt_cache_breakpoint.at',
    ],
    [
      'a lifetime of half a day for a whole chat request',
      { ...BASE, prompt_cache_options: { ttl: '12h' } },
      'invalid_value',
      'prompt_cache_options.ttl',
    ],
    ['an unknown retention', { ...BASE, prompt_cache_retention: '1h' }, 'invalid_value', 'prompt_cache_retention'],
    ['a cache key of no text', { ...BASE, prompt_cache_key: 7 }, 'invalid_value', 'prompt_cache_key'],
    ['null content', user(null), 'invalid_value', 'messages[1].content'],
    ['no content', { ...BASE, messages: [{ role: 'user' }] }, 'missing_required_parameter', 'messages[0].content'],
    ['content as number', user(12), 'invalid_value', 'messages[1].content'],
    ['empty content parts', user([]), 'invalid_value', 'messages[1].content'],
    [
      'an unknown part',
      user([{ type: 'text', text: 'x' }, { type: 'video' }]),
      'invalid_value',
      'messages[1].content[1].type',
    ],
    [
      'an image part without image',
      user([{ type: 'image_url' }]),
      'missing_required_parameter',
      'messages[1].content[0].image_url',
    ],
    [
      'an image as text',
      user([{ type: 'image_url', image_url: 'https://a/b.png' }]),
      'invalid_value',
      'messages[1].content[0].image_url',
    ],
    [
      'an image without url',
      user([{ type: 'image_url', image_url: {} }]),
      'missing_required_parameter',
      'messages[1].content[0].image_url.url',
    ],
    [
      'an unknown detail',
      user([{ type: 'image_url', image_url: { url: 'x', detail: 'max' } }]),
      'invalid_value',
      'messages[1].content[0].image_url.detail',
    ],
    [
      'a tool message without id',
      { ...BASE, messages: [{ role: 'tool', content: 'x' }] },
      'missing_required_parameter',
      'messages[0].tool_call_id',
    ],
    ['temperature 3', { ...BASE, temperature: 3 }, 'invalid_value', 'temperature'],
    ['temperature as text', { ...BASE, temperature: '0.2' }, 'invalid_value', 'temperature'],
    ['NaN as text', { ...BASE, temperature: 'NaN' }, 'invalid_value', 'temperature'],
    ['n = 10⁶', { ...BASE, n: 1_000_000 }, 'invalid_value', 'n'],
    ['n = 1.5', { ...BASE, n: 1.5 }, 'invalid_value', 'n'],
    ['max_tokens −1', { ...BASE, max_tokens: -1 }, 'invalid_value', 'max_tokens'],
    ['max_tokens 0', { ...BASE, max_tokens: 0 }, 'invalid_value', 'max_tokens'],
    ['max_tokens 10⁹', { ...BASE, max_tokens: 1e9 }, 'invalid_value', 'max_tokens'],
    ['"12" for a number', { ...BASE, max_tokens: '12' }, 'invalid_value', 'max_tokens'],
    ['"true" for a boolean', { ...BASE, stream: 'true' }, 'invalid_value', 'stream'],
    ['a number in stop', { ...BASE, stop: ['a', 1] }, 'invalid_value', 'stop[1]'],
    [
      'a tool without name',
      { ...BASE, tools: [{ type: 'function', function: {} }] },
      'missing_required_parameter',
      'tools[0].function.name',
    ],
    [
      'a tool choice without function',
      { ...BASE, tool_choice: { type: 'function' } },
      'missing_required_parameter',
      'tool_choice.function',
    ],
    ['an unknown tool choice', { ...BASE, tool_choice: 'maybe' }, 'invalid_value', 'tool_choice'],
    [
      'a schema without name',
      { ...BASE, response_format: { type: 'json_schema', json_schema: {} } },
      'missing_required_parameter',
      'response_format.json_schema.name',
    ],
    [
      '17 metadata pairs',
      { ...BASE, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
      'invalid_metadata',
      'metadata',
    ],
    [
      'a metadata key of 65',
      { ...BASE, metadata: { ['k'.repeat(65)]: 'v' } },
      'invalid_metadata',
      `metadata.${'k'.repeat(65)}`,
    ],
    ['a metadata value of 513', { ...BASE, metadata: { k: 'v'.repeat(513) } }, 'invalid_metadata', 'metadata.k'],
    ['nested metadata', { ...BASE, metadata: { k: { a: 'b' } } }, 'invalid_metadata', 'metadata.k'],
    ['api_base', { ...BASE, api_base: 'http://x' }, 'unknown_parameter', 'api_base'],
    ['base_url', { ...BASE, base_url: 'http://x' }, 'unknown_parameter', 'base_url'],
    ['api_key', { ...BASE, api_key: 'x' }, 'unknown_parameter', 'api_key'],
    ['user_config', { ...BASE, user_config: {} }, 'unknown_parameter', 'user_config'],
    ['extra_headers', { ...BASE, extra_headers: {} }, 'unknown_parameter', 'extra_headers'],
    ['an unknown option', options({ tiers: 'batch' }), 'unknown_parameter', 'switchyard.tiers'],
    ['options as text', options('batch'), 'invalid_value', 'switchyard'],
    ['an unknown tier', options({ tier: 'slow' }), 'invalid_value', 'switchyard.tier'],
    ['an empty allow', options({ allow: [] }), 'invalid_value', 'switchyard.allow'],
    [
      '17 tags',
      options({ tags: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) }),
      'invalid_value',
      'switchyard.tags',
    ],
    ['a deadline as object', options({ deadline: {} }), 'invalid_deadline', 'switchyard.deadline'],
    [
      'a webhook without url',
      options({ webhook: { events: ['job.completed'] } }),
      'missing_required_parameter',
      'switchyard.webhook.url',
    ],
    ['a list as body', [BASE], 'invalid_value', null],
  ])('%s', (_name, body, code, param) => {
    const error = refusal(body)
    expect(error).toMatchObject({ code, param })
    expect(error.message).not.toContain('canary')
    expect(error.message.length).toBeLessThan(400)
  })

  it('and an option that is both wrong and unsupported is called wrong', () => {
    expect(refusal(options({ strategy: 'fastest' }))).toMatchObject({
      code: 'invalid_value',
      param: 'switchyard.strategy',
    })
  })
})

describe('a chat request is accepted', () => {
  it('and gives what ingress has to know', () => {
    const intake = read({
      ...BASE,
      stream: true,
      stream_options: { include_usage: true },
      service_tier: 'flex',
      metadata: { a: 'b' },
      switchyard: { strategy: 'ordered', cache: 'off', prompt_cache: 'off', tags: { team: 'x' }, deadline: 60 },
    })
    expect(intake).toMatchObject({
      model: 'm',
      stream: true,
      includeUsage: true,
      flex: true,
      metadata: { a: 'b' },
      options: { tags: { team: 'x' }, deadline: 60 },
    })
    expect(JSON.stringify(intake)).not.toContain('canary')
  })

  it('with breakpoints on parts of every role that can hold them', () => {
    const mark = { prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } }
    const text = [{ type: 'text', text: 'x', ...mark }]
    const { needs } = read({
      model: 'm',
      messages: [
        { role: 'system', content: text },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' }, ...mark }] },
        { role: 'user', content: [{ type: 'file', file: { file_data: 'data:text/plain;base64,AA==' }, ...mark }] },
      ],
      prompt_cache_options: { mode: 'explicit', ttl: '30m' },
    })
    expect(needs.parameters.sort()).toEqual([
      'prompt_cache_breakpoint',
      'prompt_cache_breakpoint.ttl',
      'prompt_cache_options',
    ])
    expect(needs.firstBreakpoint).toBe('messages[0].content[0].prompt_cache_breakpoint')
  })

  it('with parameters that it does not know, for providers that do', () => {
    const { parameters } = read({ ...BASE, prompt_cache_key: 'x', store: true, top_k: 4 }).needs
    expect(parameters.sort()).toEqual(['prompt_cache_key', 'store', 'top_k'])
  })
})
