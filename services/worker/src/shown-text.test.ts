import type { Dialect } from '@switchyard/contract/job'
import { expect, test } from 'vitest'
import { shownText } from './shown-text.ts'

const chat = (...deltas: object[]) => ({ choices: deltas.map((delta, index) => ({ index, delta })) })
const call = (name: string, text: string) => ({ tool_calls: [{ index: 0, function: { name, arguments: text } }] })

test.each<[Dialect, object, string]>([
  ['openai-chat', chat({ role: 'assistant', content: 'Hel' }), 'Hel'],
  ['openai-chat', chat({ content: 'a' }, { content: 'b' }), 'ab'],
  ['openai-chat', chat({ reasoning_content: 'hm' }), 'hm'],
  ['openai-chat', chat({ content: null, refusal: 'no' }), 'no'],
  ['openai-chat', chat(call('weather', '{"a":1}')), 'weather{"a":1}'],
  ['openai-chat', { choices: [], usage: {} }, ''],
  ['openai-responses', { type: 'response.output_text.delta', delta: 'Hel' }, 'Hel'],
  ['openai-responses', { type: 'response.function_call_arguments.delta', delta: '{' }, '{'],
  // Said before, piece by piece.
  ['openai-responses', { type: 'response.output_text.done', text: 'Hello', delta: 'Hello' }, ''],
])('%s %j', (dialect, line, text) => {
  expect(shownText(dialect, JSON.stringify(line))).toBe(text)
})
