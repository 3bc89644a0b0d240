import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createChunkReader } from './read-chunk.ts'

const chunk = (delta: object, more: object = {}) =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  })

const ONE_AT_A_TIME = (data: string) => createChunkReader()(data)

describe('a chunk', () => {
  test.each([
    ['a role', { role: 'assistant', content: '' }, false],
    ['text', { content: 'a' }, true],
    ['reasoning', { reasoning_content: 'a' }, true],
    ['reasoning by another name', { reasoning: 'a', content: '' }, true],
    ['a refusal', { refusal: 'no' }, true],
    ['a tool call', { content: '', tool_calls: [{ index: 0, id: 'x' }] }, true],
    ['nothing', {}, false],
    ['nulls', { content: null, tool_calls: null }, false],
  ])('of %s: content is %3$s', (_what, delta, content) => {
    expect(ONE_AT_A_TIME(chunk(delta))).toMatchObject({ kind: 'chunk', content })
  })

  test.each([
    ['with figures', { usage: { prompt_tokens: 3, completion_tokens: 0 } }, { inputTokens: 3, outputTokens: 0 }],
    ['with negative figures', { usage: { prompt_tokens: -3, completion_tokens: 1 } }, null],
    ['with half a figure', { usage: { prompt_tokens: 3 } }, null],
  ])('of usage %s', (_what, more, usage) => {
    const facts = ONE_AT_A_TIME(JSON.stringify({ object: 'chat.completion.chunk', choices: [], ...more }))
    expect(facts).toMatchObject({ kind: 'chunk', usageOnly: true, content: false })
    if (facts.kind === 'chunk') expect(facts.usage).toEqual(usage === null ? null : expect.objectContaining(usage))
  })

  test('of usage beside choices is not of usage only', () => {
    expect(ONE_AT_A_TIME(chunk({ content: 'a' }, { usage: { prompt_tokens: 1, completion_tokens: 1 } }))).toMatchObject(
      {
        content: true,
        usageOnly: false,
      },
    )
  })

  test.each(['', '{', 'null', '[]', '1', '{"hello":1}', '{"choices":[}', 'data'])('%j is none', (data) => {
    expect(ONE_AT_A_TIME(data)).toEqual({ kind: 'malformed' })
  })

  test.each([
    ['an error object', '{"error":{"message":"m","code":429}}', { status: 429 }],
    ['a bare error', '{"object":"error","message":"m","code":"x"}', { code: 'x' }],
    ['an error of no shape', '{"error":true}', { message: null }],
  ])('%s is an error', (_what, data, error) => {
    expect(ONE_AT_A_TIME(data)).toMatchObject({ kind: 'error', error })
  })
})

test('reading a stream line by line says the same as reading each line alone', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('', '"', '\\', '\n', '"content":"', '{"delta":{"content":"x', '\u2028', '🌍'),
  )
  const line = fc.oneof(
    text.map((content) => chunk({ content })),
    text.map((content) => chunk({ role: 'assistant', content })),
    text.map((content) => chunk({ content, tool_calls: [{ index: 0, function: { arguments: content } }] })),
    // What else such a line shows stays the same while its text comes and goes.
    text.map((content) => chunk({ content, tool_calls: [{ index: 0, id: 'x' }] })),
    text.map((content) => chunk({ reasoning: 'r', content })),
    text.map((content) => chunk({ content, refusal: null })),
    fc.tuple(text, text).map(([content, reasoning_content]) => chunk({ content, reasoning_content })),
    text.map((content) => chunk({ content }, { obfuscation: content })),
    // Damaged where the template cannot see it from the ends.
    text.map((content) => chunk({ content: 'XX' }).replace('XX', content)),
    text.map((content) => chunk({ content: 'a' }).replace('"a"', `"${content}`)),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const reader = createChunkReader()
      for (const data of lines) expect(reader(data)).toEqual(ONE_AT_A_TIME(data))
    }),
    { numRuns: 500 },
  )
})
