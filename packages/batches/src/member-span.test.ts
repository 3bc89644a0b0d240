import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memberSpan } from './member-span.ts'

function spanText(text: string, name: string): string | null {
  const bytes = Buffer.from(text)
  const span = memberSpan(bytes, name)
  return span && bytes.toString('utf8', span.start, span.end)
}

describe('memberSpan', () => {
  it('gives the bytes of the value as they were written', () => {
    expect(spanText('{"a":1,"body": {"n": 1.0, "t":"\\u00fc}\\"{"} ,"z":[]}', 'body')).toBe(
      '{"n": 1.0, "t":"\\u00fc}\\"{"}',
    )
    expect(spanText(' { "b\\u006fdy" :\t12.50 }', 'body')).toBe('12.50')
    expect(spanText('{"custom_id":"body","x":{"body":1}}', 'body')).toBeNull()
    expect(spanText('{}', 'body')).toBeNull()
  })

  it('finds every member of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        const text = JSON.stringify(object, null, indent)
        for (const [key, value] of Object.entries(object)) {
          expect(JSON.parse(spanText(text, key)!)).toEqual(JSON.parse(JSON.stringify(value)))
        }
      }),
    )
  })
})
