import { describe, expect, it } from 'vitest'
import { assembleCompletion } from './assemble-completion.ts'

const HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' }

function chunk(delta: object, rest: object = {}, index = 0): string {
  return JSON.stringify({ ...HEAD, choices: [{ index, delta, finish_reason: null, ...rest }] })
}

function assembled(lines: string[]) {
  return JSON.parse(assembleCompletion(lines))
}

describe('assembleCompletion', () => {
  it('joins text, takes the finish reason and the usage chunk, and leaves [DONE] out', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
    const body = assembled([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo 𝄞' }),
      chunk({}, { finish_reason: 'stop' }),
      JSON.stringify({ ...HEAD, choices: [], usage, system_fingerprint: 'simulator' }),
      '[DONE]',
    ])
    expect(body).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_790_000_000,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello 𝄞', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
      system_fingerprint: 'simulator',
    })
  })

  it('takes the given usage only where the stream shows none', () => {
    const given = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    const shown = { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 }
    const without = [chunk({ content: 'a' }), JSON.stringify({ ...HEAD, choices: [], usage: null })]
    expect(JSON.parse(assembleCompletion(without, given)).usage).toEqual(given)
    expect(JSON.parse(assembleCompletion(without)).usage).toBeUndefined()
    const withUsage = [...without, JSON.stringify({ ...HEAD, choices: [], usage: shown })]
    expect(JSON.parse(assembleCompletion(withUsage, given)).usage).toEqual(shown)
  })

  it('keeps several choices apart and in order', () => {
    const body = assembled([
      chunk({ content: 'b' }, {}, 1),
      chunk({ content: 'a' }, {}, 0),
      chunk({ content: 'B' }, { finish_reason: 'length' }, 1),
      chunk({ content: 'A' }, { finish_reason: 'stop' }, 0),
    ])
    expect(
      body.choices.map((choice: { index: number; message: { content: string }; finish_reason: string }) => [
        choice.index,
        choice.message.content,
        choice.finish_reason,
      ]),
    ).toEqual([
      [0, 'aA', 'stop'],
      [1, 'bB', 'length'],
    ])
  })

  it('joins parallel tool calls by index; no text means null', () => {
    const body = assembled([
      chunk({ role: 'assistant', content: '' }),
      chunk({ tool_calls: [{ index: 0, id: 'c0', type: 'function', function: { name: 'f', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 1, id: 'c1', type: 'function', function: { name: 'g', arguments: '{' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
      chunk({
        tool_calls: [
          { index: 1, function: { arguments: '}' } },
          { index: 0, function: { name: 'f', arguments: ':1}' } },
        ],
      }),
      chunk({}, { finish_reason: 'tool_calls' }),
    ])
    expect(body.choices[0].message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: [
        { id: 'c0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'c1', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    })
  })

  it('tells tool calls without index apart by id, and knows custom tools', () => {
    const body = assembled([
      chunk({ tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }),
      chunk({ tool_calls: [{ id: 'b', function: { name: 'f', arguments: '[' } }] }),
      chunk({ tool_calls: [{ function: { arguments: ']' } }] }),
      chunk({ tool_calls: [{ index: 7, id: 'c', type: 'custom', custom: { name: 'sql', input: 'sel' } }] }),
      chunk({ tool_calls: [{ index: 7, custom: { input: 'ect' } }] }),
    ])
    expect(body.choices[0].message.tool_calls).toEqual([
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
      { id: 'b', type: 'function', function: { name: 'f', arguments: '[]' } },
      { id: 'c', type: 'custom', custom: { name: 'sql', input: 'select' } },
    ])
  })

  it('joins reasoning, refusals, log probabilities and deltas it does not know', () => {
    const body = assembled([
      chunk({ reasoning_content: 'hm', reasoning: 'x', reasoning_details: [{ n: 1 }], mood: 1 }),
      chunk({ reasoning_content: 'm.', reasoning: 'y', reasoning_details: [{ n: 2 }], mood: 2 }),
      chunk({ refusal: 'I ca' }, { logprobs: { content: null, refusal: [{ token: 'I ca' }] } }),
      chunk({ refusal: "n't" }, { logprobs: { content: [{ token: 'z' }], refusal: [{ token: "n't" }] } }),
    ])
    expect(body.choices[0]).toEqual({
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        reasoning_content: 'hmm.',
        refusal: "I can't",
        reasoning: 'xy',
        reasoning_details: [{ n: 1 }, { n: 2 }],
        mood: 2,
      },
      logprobs: { refusal: [{ token: 'I ca' }, { token: "n't" }], content: [{ token: 'z' }] },
      finish_reason: null,
    })
  })

  it('discards what came before an attempt-changed marker', () => {
    const body = assembled([
      chunk({ role: 'assistant', content: 'lost' }),
      chunk({ tool_calls: [{ index: 0, id: 'gone', function: { name: 'f', arguments: '' } }] }),
      JSON.stringify({ ...HEAD, id: 'chatcmpl-2', choices: [], switchyard: { attempt: 2, discard_before: 2 } }),
      JSON.stringify({ ...HEAD, id: 'chatcmpl-2', choices: [{ index: 0, delta: { content: 'kept' } }] }),
      '[DONE]',
    ])
    expect(body.id).toBe('chatcmpl-2')
    expect(body.switchyard).toBeUndefined()
    expect(body.choices[0].message).toEqual({ role: 'assistant', content: 'kept', refusal: null })
  })

  it('passes over what is no chunk', () => {
    const body = assembled([
      'null',
      '[]',
      '{"choices":',
      '{"choices":[null,1,{"index":0}],"usage":3}',
      '{"__proto__":{"polluted":1},"id":"x","choices":[{"index":0,"delta":{"__proto__":{"polluted":1},"content":"ok"}}]}',
      '{"error":{"message":"m"},"id":"y"}',
    ])
    expect(body.id).toBe('x')
    expect(body.choices[0].message.content).toBe('ok')
    expect(body.polluted).toBeUndefined()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('of nothing is a body without choices', () => {
    expect(assembled([]).choices).toEqual([])
  })
})
