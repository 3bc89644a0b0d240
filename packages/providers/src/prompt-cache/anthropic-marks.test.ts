import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'
import { describe, expect, test } from 'vitest'
import { anthropicMarks } from './anthropic-marks.ts'

const five = { type: 'ephemeral' }
const hour = { type: 'ephemeral', ttl: '1h' }
const breakpoint = (ttl?: '30m' | '12h') => ({ mode: 'explicit' as const, ...(ttl && { ttl }) })
const marked = (text: string, ttl?: '30m' | '12h') => ({
  type: 'text' as const,
  text,
  prompt_cache_breakpoint: breakpoint(ttl),
})
const plain = (text: string) => ({ type: 'text' as const, text })

function request(messages: object[], more: object = {}): ChatRequest {
  return { model: 'm', messages, ...more } as unknown as ChatRequest
}

/** The marks of every message and part, in their order. */
function marksOf(of: ChatRequest, ends: PromptEnd[] = []) {
  const marks = anthropicMarks(of, ends, 1_024)
  return of.messages.map(({ content }, m) =>
    Array.isArray(content) ? content.map((_, p) => marks.at(m, p)) : marks.at(m, null),
  )
}

const ends: PromptEnd[] = [
  { at: 'tools', tokens: 2_000 },
  { at: [0], tokens: 3_000 },
  { at: [1, 0], tokens: 50_000 },
]
const conversation = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: [plain('document'), plain('question')] },
]

describe('the caller’s breakpoints', () => {
  test('stand where they were put, for five minutes', () => {
    expect(
      marksOf(
        request([
          { role: 'system', content: [marked('s')] },
          { role: 'user', content: [marked('d'), plain('q')] },
        ]),
      ),
    ).toEqual([[five], [five, null]])
  })

  test('of more than four the last four count', () => {
    const parts = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => marked(text))
    expect(marksOf(request([{ role: 'user', content: parts }]))).toEqual([[null, null, five, five, five, five]])
  })

  test('an empty text carries none', () => {
    expect(marksOf(request([{ role: 'user', content: [marked(''), plain('q')] }]))).toEqual([[null, null]])
  })

  test('a lifetime that is asked for is the hour, and so is everything before it, as Anthropic reads it', () => {
    const messages = [
      { role: 'user', content: [marked('a'), marked('b', '30m'), marked('c')] },
      { role: 'developer', content: [marked('late, but read first')] },
    ]
    expect(marksOf(request(messages))).toEqual([[hour, hour, five], [hour]])
    expect(
      marksOf(request([{ role: 'user', content: [marked('a')] }], { prompt_cache_options: { ttl: '30m' } })),
    ).toEqual([[hour]])
    expect(marksOf(request([{ role: 'user', content: [marked('a', '12h')] }]))).toEqual([[hour]])
  })
})

describe('ends of known beginnings', () => {
  test('are marked, tools with them', () => {
    expect(marksOf(request(conversation), ends)).toEqual([five, [five, null]])
    expect(anthropicMarks(request(conversation), ends, 1_024).tools).toEqual(five)
  })

  test('not below what the model caches', () => {
    const marks = anthropicMarks(request(conversation), ends, 4_096)
    expect([marks.tools, marks.at(0, null), marks.at(1, 0)]).toEqual([null, null, five])
  })

  test('take what room the caller leaves, the longest first, and never the same place twice', () => {
    const messages = [
      conversation[0]!,
      { role: 'user', content: [marked('document'), marked('two'), marked('three'), plain('question')] },
    ]
    const marks = anthropicMarks(request(messages), ends, 1_024)
    expect([marks.tools, marks.at(0, null)]).toEqual([null, five])
    expect(marksOf(request(messages), ends)[1]).toEqual([five, five, five, null])
  })

  test('live as long as what the caller wants to live long behind them', () => {
    const messages = [conversation[0]!, { role: 'user', content: [plain('d'), marked('kept', '30m')] }]
    expect(marksOf(request(messages), ends)).toEqual([hour, [hour, hour]])
  })
})
