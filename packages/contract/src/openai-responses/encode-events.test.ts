import { describe, expect, test } from 'vitest'
import { assembleResponse } from './assemble-response.ts'
import { encodeEvents } from './encode-events.ts'
import { newResponse, type ResponseObject } from './response-object.ts'

const HEAD = {
  id: 'resp_1',
  createdAt: 1,
  model: 'alias',
  background: false,
  store: true,
  previousResponseId: null,
  metadata: {},
}
const USAGE = { inputTokens: 5, cachedInputTokens: 2, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 3 }

interface Event {
  type: string
  sequence_number: number
  [field: string]: unknown
}

const chunk = (delta: object, more: object = {}) =>
  JSON.stringify({ model: 'gpt-x', choices: [{ index: 0, delta, finish_reason: null, ...more }] })
const finish = (reason: string) => chunk({}, { finish_reason: reason })
const call = (index: number, id: string, name: string, args = '') =>
  chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] })
const args = (index: number, text: string) => chunk({ tool_calls: [{ index, function: { arguments: text } }] })

function encode(chunks: string[], first = 0) {
  const encoder = encodeEvents(newResponse(HEAD, { instructions: 'Be brief.' }, 'in_progress'), first, 'slug')
  const lines = chunks.flatMap((data) => encoder.chunk(data))
  const end = encoder.end(USAGE, 2_000)
  const data = [...lines, ...end.events].map((event) => event.data).concat(end.terminal)
  const events = data.map((line) => JSON.parse(line) as Event)
  return { lines, data, events, response: end.response, types: events.map(({ type }) => type) }
}

const TEXT = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Grüße ' }),
  chunk({ content: 'aus 🌍' }),
  finish('stop'),
]
const THOUGHT = [
  chunk({ reasoning_content: 'Two plus ' }),
  chunk({ reasoning: 'two.' }),
  chunk({ content: '4' }),
  finish('stop'),
]
const CALLS = [
  chunk({ content: 'Let me see. ' }),
  call(0, 'call_a', 'get_weather'),
  args(0, '{"city":'),
  args(0, '"Köln"}'),
  call(1, 'call_b', 'get_time', '{}'),
  finish('tool_calls'),
]
const MIXED = [
  call(0, 'call_a', 'a'),
  call(1, 'call_b', 'b'),
  args(1, '{"y"'),
  args(0, '{"x":1}'),
  args(1, ':2}'),
  finish('tool_calls'),
]
const REFUSAL = [chunk({ refusal: 'I can' }), chunk({ refusal: 'not.' }), finish('stop')]
const NO_INDEX = ['call_a', 'call_b'].map((id) =>
  chunk({ tool_calls: [{ id, type: 'function', function: { name: id, arguments: '{}' } }] }),
)

describe('chat chunks become the events that OpenAI sends', () => {
  test('text', () => {
    const { types, events, response } = encode(TEXT)
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events[0]!.response).toMatchObject({ id: 'resp_1', model: 'gpt-x', status: 'in_progress', output: [] })
    expect(events[2]).toMatchObject({ output_index: 0, item: { status: 'in_progress', content: [] } })
    expect(events[3]).toMatchObject({ part: { type: 'output_text', text: '' } })
    expect(response).toMatchObject({
      status: 'completed',
      completed_at: 2,
      instructions: 'Be brief.',
      output: [{ id: 'msg_slug-0', status: 'completed', content: [{ type: 'output_text', text: 'Grüße aus 🌍' }] }],
      usage: {
        input_tokens: 5,
        input_tokens_details: { cached_tokens: 2 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 12,
      },
    })
    expect(events.at(-1)!.response).toEqual(response)
  })

  test('reasoning, by either name, is an item of its own before the message', () => {
    const { types, response } = encode(THOUGHT)
    expect(types.filter((type) => type.includes('reasoning'))).toEqual([
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
    ])
    expect(response.output).toMatchObject([
      { type: 'reasoning', status: 'completed', summary: [{ type: 'summary_text', text: 'Two plus two.' }] },
      { type: 'message', content: [{ text: '4' }] },
    ])
  })

  test('a call is closed when the next one begins', () => {
    const { types, events, response } = encode(CALLS)
    const firstDone = events.findIndex(
      ({ type, output_index }) => type === 'response.output_item.done' && output_index === 1,
    )
    const secondAdded = events.findIndex(
      ({ type, output_index }) => type === 'response.output_item.added' && output_index === 2,
    )
    expect(firstDone).toBeLessThan(secondAdded)
    expect(types.filter((type) => type === 'response.function_call_arguments.done')).toHaveLength(2)
    expect(response.output).toMatchObject([
      { type: 'message', content: [{ text: 'Let me see. ' }] },
      {
        type: 'function_call',
        call_id: 'call_a',
        name: 'get_weather',
        arguments: '{"city":"Köln"}',
        status: 'completed',
      },
      { type: 'function_call', call_id: 'call_b', name: 'get_time', arguments: '{}', status: 'completed' },
    ])
  })

  test('calls whose pieces are mixed keep their arguments apart', () => {
    expect(encode(MIXED).response.output).toMatchObject([
      { call_id: 'call_a', arguments: '{"x":1}' },
      { call_id: 'call_b', arguments: '{"y":2}' },
    ])
  })

  test('calls without an index are told apart by their ids', () => {
    expect(encode([...NO_INDEX, finish('tool_calls')]).response.output).toMatchObject([
      { call_id: 'call_a', arguments: '{}' },
      { call_id: 'call_b', arguments: '{}' },
    ])
  })

  test('a refusal', () => {
    const { types, response } = encode(REFUSAL)
    expect(types).toContain('response.refusal.done')
    expect(response.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'I cannot.' }] }])
  })

  test('a picture', () => {
    const { response } = encode([
      chunk({ images: [{ image_url: { url: 'data:image/png;base64,AAAA' } }] }),
      finish('stop'),
    ])
    expect(response.output).toMatchObject([{ type: 'image_generation_call', status: 'completed', result: 'AAAA' }])
  })

  test('log probabilities', () => {
    const content = [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }]
    const { events, response } = encode([chunk({ content: 'a' }, { logprobs: { content } }), finish('stop')])
    expect(events.find(({ type }) => type === 'response.output_text.delta')).toMatchObject({ logprobs: content })
    expect(response.output).toMatchObject([{ content: [{ logprobs: content }] }])
  })

  test.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('an answer that ended by %s is incomplete', (reason, said) => {
    const { types, response } = encode([chunk({ content: 'Once' }), finish(reason)])
    expect(types.at(-1)).toBe('response.incomplete')
    expect(response).toMatchObject({
      status: 'incomplete',
      completed_at: null,
      incomplete_details: { reason: said },
      output: [{ status: 'incomplete' }],
    })
  })

  test('an answer that says nothing is still a response', () => {
    expect(encode([finish('stop')])).toMatchObject({
      types: ['response.created', 'response.in_progress', 'response.completed'],
      response: { status: 'completed', output: [] },
    })
  })

  test('what shows something is told apart from what does not', () => {
    const { lines } = encode(CALLS)
    const shown = lines.filter(({ content }) => content).map(({ data }) => (JSON.parse(data) as Event).type)
    expect(new Set(shown)).toEqual(
      new Set(['response.output_text.delta', 'response.output_item.added', 'response.function_call_arguments.delta']),
    )
    expect(
      encode(TEXT)
        .lines.slice(0, 4)
        .every(({ content }) => !content),
    ).toBe(true)
  })
})

describe.each([
  ['text', TEXT],
  ['reasoning', THOUGHT],
  ['calls', CALLS],
  ['mixed calls', MIXED],
  ['a refusal', REFUSAL],
])('%s', (_name, chunks) => {
  test('is numbered without a gap from where the log stands', () => {
    expect(encode(chunks, 7).events.map(({ sequence_number }) => sequence_number)).toEqual(
      encode(chunks).events.map((_, i) => i + 7),
    )
  })

  test('cut after any event, what was said so far is the beginning of what is said at the end', () => {
    const { data, response } = encode(chunks)
    const ended = {
      status: 'cancelled' as const,
      error: { message: 'm', type: 't', param: null, code: 'job_cancelled' },
    }
    const last = `{"type":"response.failed","sequence_number":1,"response":${JSON.stringify(newResponse(HEAD, null, 'cancelled'))}}`
    for (let cut = 0; cut < data.length; cut++) {
      const left = assembleResponse([...data.slice(0, cut), last], ended)!
      expect(left).toMatchObject({ id: 'resp_1', status: 'cancelled', error: { code: 'job_cancelled', message: 'm' } })
      const whole = said(response)
      for (const [i, text] of said(left).entries()) {
        expect(whole[i]!.startsWith(text), `cut after ${cut} events: ${text}`).toBe(true)
      }
    }
    const whole = assembleResponse([...data.slice(0, -1), last], ended)!
    expect(whole.output).toEqual(response.output)
  })
})

test('what was said before a restart does not count', () => {
  const before = encode([chunk({ content: 'wrong' })]).data.slice(0, 5)
  const marker = '{"type":"switchyard.restarted","sequence_number":5,"attempt":2,"discard_before":5}'
  const after = encode(TEXT, 6).data.slice(0, -1)
  const ended = { status: 'failed' as const, error: { message: 'm', type: 't', param: null, code: null } }
  const left = assembleResponse([...before, marker, ...after, '{"type":"response.failed","response":{}}'], ended)!
  expect(said(left)).toEqual(['Grüße aus 🌍'])
})

/** All that each item of the output says. */
function said({ output }: ResponseObject): string[] {
  return (output as Record<string, unknown>[]).map(({ content, summary, arguments: given }) =>
    [...((content as object[]) ?? []), ...((summary as object[]) ?? []), { text: given }]
      .map((part) => ('text' in part ? (part.text ?? '') : 'refusal' in part ? part.refusal : ''))
      .join(''),
  )
}
