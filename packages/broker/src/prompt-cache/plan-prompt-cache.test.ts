import { describe, expect, test } from 'vitest'
import type { Beginning } from './beginnings.ts'
import { planPromptCache } from './plan-prompt-cache.ts'

const beginning = (digest: string, tokens: number, marked = false): Beginning => ({
  digest,
  end: { at: [tokens], tokens },
  marked,
})
const PROMPT = [beginning('tools', 2_000), beginning('system', 5_000), beginning('document', 50_000)]

function plan(
  known: string[],
  { auto = true, key = null as string | null, beginnings = PROMPT, pays = true, project = 'p' } = {},
) {
  const watch = { recurs: (_: string, digest: string) => known.includes(digest), pays: () => pays }
  return planPromptCache(watch, project, 'm', { auto, key, beginnings })
}

describe('auto', () => {
  test('marks what recurs, and goes by its heaviest part', () => {
    const { prefix, promptCache } = plan(['tools', 'system', 'document'])
    expect(prefix).toBe('document')
    expect(promptCache!.ends.map(({ tokens }) => tokens)).toEqual([2_000, 5_000, 50_000])
    expect(plan(['system']).prefix).toBe('system')
  })

  test('four ends at most: those with the most between them and the one before', () => {
    const beginnings = [1_100, 1_200, 3_000, 3_100, 9_000, 60_000].map((tokens) => beginning(`d${tokens}`, tokens))
    const { promptCache } = plan(
      beginnings.map(({ digest }) => digest),
      { beginnings },
    )
    expect(promptCache!.ends.map(({ tokens }) => tokens)).toEqual([1_100, 3_000, 9_000, 60_000])
  })

  test('nothing is known of a first one', () => {
    expect(plan([])).toEqual({ prefixTokens: 0 })
  })

  test('what does not pay is not marked, and still meets its like', () => {
    expect(plan(['document'], { pays: false })).toEqual({ prefix: 'document', prefixTokens: 50_000 })
  })

  test('a key of its project, unless the caller gave one', () => {
    const own = plan(['document']).promptCache!.key
    expect(own).toMatch(/^[\w-]{22}$/)
    expect(plan(['document'], { project: 'other' }).promptCache!.key).not.toBe(own)
    const given = plan(['document'], { key: 'k' })
    expect(given.promptCache).not.toHaveProperty('key')
    expect(given.prefix).toBe(plan([], { key: 'k', auto: false }).prefix)
  })
})

describe('without auto', () => {
  test('nothing is marked; a marked prompt goes by the heaviest of its marked parts', () => {
    const beginnings = [beginning('a', 2_000, true), beginning('b', 50_000), beginning('c', 60_000, true)]
    expect(plan(['a', 'b', 'c'], { auto: false, beginnings })).toEqual({ prefix: 'c', prefixTokens: 60_000 })
    expect(plan(['a', 'b', 'c'], { auto: false })).toEqual({ prefixTokens: 0 })
  })
})
