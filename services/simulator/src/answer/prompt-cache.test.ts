import { expect, test } from 'vitest'
import type { Prompt } from './prompt.ts'
import { createPromptCache } from './prompt-cache.ts'

const prompt = (...texts: string[]) =>
  ({
    messages: texts.map((text) => ({
      role: 'user',
      text,
      images: [],
      toolCalls: [],
      toolResults: [],
      cacheMark: text.endsWith('!'),
    })),
  }) as unknown as Prompt
const long = 'x'.repeat(4_800)

test('a conversation that goes on finds its beginning again, in steps of 128 tokens', () => {
  const cache = createPromptCache()
  expect(cache.use('k', prompt(long, 'one'), false)).toEqual({ cached: 0, written: 0 })
  expect(cache.use('k', prompt(long, 'one', 'two'), false)).toEqual({ cached: 1152, written: 0 })
  expect(cache.use('k', prompt(long, 'other'), false)).toEqual({ cached: 1152, written: 0 })
  expect(cache.use('someone else', prompt(long, 'one'), false)).toEqual({ cached: 0, written: 0 })
  expect(cache.use('k', prompt('short'), false)).toEqual({ cached: 0, written: 0 })
})

test('explicit caching goes up to the last mark, and is written before it is read', () => {
  const cache = createPromptCache()
  expect(cache.use('k', prompt(`${long}!`, 'one'), true)).toEqual({ cached: 0, written: 1201 })
  expect(cache.use('k', prompt(`${long}!`, 'two'), true)).toEqual({ cached: 1201, written: 0 })
  expect(cache.use('k', prompt(long, 'two'), true)).toEqual({ cached: 0, written: 0 })
})

test('it forgets after five minutes, and when cleared', () => {
  let nowMs = 0
  const cache = createPromptCache(() => nowMs)
  cache.use('k', prompt(long), false)
  nowMs = 299_000
  expect(cache.use('k', prompt(long), false).cached).toBe(1152)
  nowMs = 700_000
  expect(cache.use('k', prompt(long), false).cached).toBe(0)
  cache.clear()
  expect(cache.use('k', prompt(long), false).cached).toBe(0)
})
