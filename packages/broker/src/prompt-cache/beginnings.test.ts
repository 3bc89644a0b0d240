import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import { describe, expect, test } from 'vitest'
import { beginningsOf } from './beginnings.ts'

const words = (count: number, word = 'word') => `${word} `.repeat(count)
const DOCUMENT = words(5_000)
const text = (value: string, marked = false) => ({
  type: 'text' as const,
  text: value,
  ...(marked && { prompt_cache_breakpoint: { mode: 'explicit' as const } }),
})
const request = (messages: object[], more: object = {}) => ({ model: 'm', messages, ...more }) as unknown as ChatRequest
const places = (of: ChatRequest) => beginningsOf(of).map(({ end: { at } }) => at)

const asked = (question: string, document = DOCUMENT) =>
  request([
    { role: 'system', content: words(1_500, 'system') },
    { role: 'user', content: [text(document), text(question)] },
  ])

describe('where a prompt may begin as others do', () => {
  test('after its tools, its system messages, and each large part of what is said to the model', () => {
    const tools = [{ type: 'function', function: { name: 'f', description: words(1_500) } }]
    const messages = [
      { role: 'system', content: words(20) },
      { role: 'developer', content: [text(words(10)), text(words(10))] },
      { role: 'user', content: [text(DOCUMENT), text('question')] },
      { role: 'assistant', content: words(3_000) },
      { role: 'user', content: DOCUMENT },
    ]
    expect(places(request(messages, { tools }))).toEqual(['tools', [1, 1], [2, 0], [4]])
  })

  test('at the caller’s own breakpoints, and nowhere below what any provider caches', () => {
    const messages = [{ role: 'user', content: [text(words(200), true), text(words(1_000), true), text('q', true)] }]
    const found = beginningsOf(request(messages))
    expect(found.map(({ end: { at }, marked }) => [at, marked])).toEqual([
      [[0, 1], true],
      [[0, 2], true],
    ])
  })

  test('tokens grow with the prompt', () => {
    const [system, document] = beginningsOf(asked('q'))
    expect(system!.end.tokens).toBeGreaterThan(1_024)
    expect(document!.end.tokens).toBeGreaterThan(system!.end.tokens + 4_000)
  })
})

describe('digests', () => {
  const digests = (of: ChatRequest) => beginningsOf(of).map(({ digest }) => digest)

  test('are the same for whatever follows, and hold nothing of the prompt', () => {
    expect(digests(asked('one?'))).toEqual(digests(asked('two?')))
    expect(digests(asked('one?'))[0]).toMatch(/^[\w-]{22}$/)
  })

  test('differ with anything before', () => {
    const [system, document] = digests(asked('one?'))
    const [sameSystem, otherDocument] = digests(asked('one?', `${DOCUMENT}!`))
    expect(sameSystem).toBe(system)
    expect(otherDocument).not.toBe(document)
    const withTools = request(asked('one?').messages, { tools: [{ type: 'function', function: { name: 'f' } }] })
    expect(digests(withTools)).not.toContain(document)
    // Two parts are not one.
    const split = request([{ role: 'user', content: [text(DOCUMENT), text(DOCUMENT)] }])
    const joined = request([{ role: 'user', content: [text(DOCUMENT + DOCUMENT)] }])
    expect(digests(split)[1]).not.toBe(digests(joined)[0])
  })
})
