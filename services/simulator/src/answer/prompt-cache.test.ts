import { beforeEach, describe, expect, test } from 'vitest'
import { type CacheRules, createPromptCache, type PromptBlock, type PromptCache } from './prompt-cache.ts'

const FIVE = 300_000
const HOUR = 3_600_000
const FIRST_MS = 100

const block = (text: string, keepMs: number | null = null, endsTurn = false): PromptBlock => ({
  text,
  images: 0,
  keepMs,
  endsTurn,
})
const ends = (text: string) => block(text, null, true)
const long = 'x'.repeat(4_800)

let nowMs: number
let cache: PromptCache
beforeEach(() => {
  nowMs = 0
  cache = createPromptCache(() => nowMs)
})

/** One call after the other, each when the one before had begun to answer. */
function use(blocks: PromptBlock[], rules: CacheRules, scope = 'k') {
  nowMs += FIRST_MS
  const total = Math.ceil(blocks.reduce((sum, { text }) => sum + text.length, 0) / 4)
  return cache.use(scope, blocks, rules, total, FIRST_MS)
}

describe('automatic', () => {
  const rules: CacheRules = { kind: 'automatic', keepMs: FIVE, minTokens: 1_024, scope: '' }
  const cached = (blocks: PromptBlock[], own = rules, scope = 'k') => use(blocks, own, scope).cached

  test('whatever begins alike is found again, in steps of 128 tokens, whatever blocks it stands in', () => {
    expect(use([block(long), block('one')], rules)).toEqual({ cached: 0, written: 0, writtenLong: 0 })
    expect(cached([block(`${long}one`), block('two')])).toBe(1_152)
    expect(cached([block(long.slice(0, 4_400)), block('other')])).toBe(1_024)
    expect(cached([block(`y${long}`)])).toBe(0)
    expect(cached([block('short')])).toBe(0)
  })

  test('not by another key, nor at another machine', () => {
    use([block(long)], rules)
    expect(cached([block(long)], rules, 'someone else')).toBe(0)
    expect(cached([block(long)], { ...rules, scope: 'their prompt_cache_key' })).toBe(0)
  })

  test('for as long as it is used; nothing when cleared', () => {
    use([block(long)], rules)
    nowMs += FIVE - 2 * FIRST_MS
    expect(cached([block(long)])).toBe(1_152)
    nowMs += FIVE - 2 * FIRST_MS
    expect(cached([block(long)])).toBe(1_152)
    nowMs += FIVE
    expect(cached([block(long)])).toBe(0)
    cache.clear()
    expect(cached([block(long)])).toBe(0)
  })
})

describe('marks', () => {
  const rules: CacheRules = { kind: 'marks', minTokens: 1_024, scope: '' }

  test('are written once, then read', () => {
    const ask = (text: string) => use([block(long, FIVE), block(text)], rules)
    expect(ask('one')).toEqual({ cached: 0, written: 1_200, writtenLong: 0 })
    expect(ask('two')).toEqual({ cached: 1_200, written: 0, writtenLong: 0 })
    expect(use([block(long), block('three')], rules)).toEqual({ cached: 0, written: 0, writtenLong: 0 })
  })

  test('nothing below the minimum', () => {
    for (let i = 0; i < 2; i++) {
      const small = [block('x'.repeat(4_000), FIVE), block('y'.repeat(400))]
      expect(use(small, rules)).toEqual({ cached: 0, written: 0, writtenLong: 0 })
    }
  })

  test('what was marked before is found up to 20 blocks back, and the rest is written', () => {
    use([block(long, FIVE)], rules)
    const later = (between: number) => [
      block(long),
      ...Array.from({ length: between }, () => block('y'.repeat(40))),
      block('z'.repeat(40), FIVE),
    ]
    expect(use(later(19), rules)).toEqual({ cached: 1_200, written: 200, writtenLong: 0 })
    expect(use(later(30), rules).cached).toBe(0)
  })

  test('each part lives as long as its mark says, and costs accordingly', () => {
    const blocks = [block(long, HOUR), block(long, FIVE), block('q')]
    expect(use(blocks, rules)).toEqual({ cached: 0, written: 2_400, writtenLong: 1_200 })
    nowMs += FIVE
    expect(use(blocks, rules)).toEqual({ cached: 1_200, written: 1_200, writtenLong: 0 })
  })

  test('side by side nobody finds what the other writes', () => {
    const at = () => cache.use('k', [block(long, FIVE)], rules, 1_200, FIRST_MS)
    expect([at(), at()].map(({ written }) => written)).toEqual([1_200, 1_200])
    nowMs = FIRST_MS
    expect(at().cached).toBe(1_200)
  })
})

describe('breakpoints', () => {
  const rules: CacheRules = { kind: 'breakpoints', minTokens: 1_024, scope: '', implicitMs: 1_800_000 }

  test('without one, only a conversation that goes on is found', () => {
    expect(use([ends(long)], rules)).toEqual({ cached: 0, written: 1_200, writtenLong: 0 })
    expect(use([ends(long), block('answer'), ends('more')], rules)).toEqual({
      cached: 1_200,
      written: 3,
      writtenLong: 0,
    })
    expect(use([block(long), ends('q1')], rules)).toMatchObject({ cached: 0, written: 1_201 })
    expect(use([block(long), ends('q2')], rules)).toMatchObject({ cached: 0, written: 1_201 })
  })

  test('an explicit one makes a document found by the next question', () => {
    const own: CacheRules = { ...rules, implicitMs: null }
    const ask = (text: string) => use([block(long, 1_800_000), ends(text)], own)
    expect(ask('q1')).toEqual({ cached: 0, written: 1_200, writtenLong: 0 })
    expect(ask('q2')).toEqual({ cached: 1_200, written: 0, writtenLong: 0 })
  })
})
