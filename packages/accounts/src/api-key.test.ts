import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newApiKey, parseApiKey } from './api-key.ts'

describe('api key', () => {
  it('is long, safe in URLs, and never the same', () => {
    const keys = Array.from({ length: 200 }, newApiKey)
    expect(new Set(keys).size).toBe(200)
    for (const key of keys) {
      expect(key).toMatch(/^sk-sy-[A-Za-z0-9_-]{63}$/)
      expect(parseApiKey(key)).toEqual({ ok: true, prefix: key.slice(0, 10) })
    }
  })

  it('tells a typo by its checksum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 68 }), fc.constantFrom(...'abcxyz019'), (at, letter) => {
        const key = newApiKey()
        const wrong = key.slice(0, at) + letter + key.slice(at + 1)
        // The dashes between the parts make it ours; without them it could be anybody's own key.
        if (wrong !== key && at !== 18 && at !== 62) expect(parseApiKey(wrong)).toEqual({ ok: false })
      }),
    )
  })

  it.each([
    ['chosen by hand', 'sk-sy-local-development-key', true],
    ['20 characters', `sk-sy-${'a'.repeat(20)}`, true],
    ['200 characters', `sk-sy-${'Z'.repeat(200)}`, true],
    ['too short', `sk-sy-${'a'.repeat(19)}`, false],
    ['too long', `sk-sy-${'a'.repeat(201)}`, false],
    ['another prefix', `sk-${'a'.repeat(40)}`, false],
    ['empty', '', false],
    ['a NUL', `sk-sy-${'a'.repeat(30)}\0`, false],
    ['a line break at the end', `sk-sy-${'a'.repeat(30)}\n`, false],
    ['percent encoding', `sk-sy-${'a'.repeat(30)}%00`, false],
    ['a glob', `sk-sy-${'a'.repeat(30)}*`, false],
    ['quotes', `"sk-sy-${'a'.repeat(30)}"`, false],
    ['Unicode', `sk-sy-${'ä'.repeat(30)}`, false],
  ])('knows a key that is %s', (_name, text, ok) => {
    expect(parseApiKey(text).ok).toBe(ok)
  })
})
