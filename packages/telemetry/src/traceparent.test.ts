import { describe, expect, it } from 'vitest'
import { formatTraceparent, parseTraceparent, readTraceparent } from './traceparent.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const GOOD = `00-${TRACE}-${SPAN}-01`

describe('parseTraceparent', () => {
  it.each([
    ['a sampled one', GOOD, GOOD],
    ['an unsampled one', `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
    ['flags we do not know, sampled', `00-${TRACE}-${SPAN}-ff`, GOOD],
    ['flags we do not know, unsampled', `00-${TRACE}-${SPAN}-02`, `00-${TRACE}-${SPAN}-00`],
    ['a later version', `cc-${TRACE}-${SPAN}-01`, GOOD],
    ['a later version with more fields', `cc-${TRACE}-${SPAN}-01-what-the-future-will-be`, GOOD],
  ])('accepts %s', (_, header, expected) => {
    expect(parseTraceparent(header)).toBe(expected)
  })

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['a repeated header', [GOOD, GOOD]],
    ['two headers joined', `${GOOD}, ${GOOD}`],
    ['the invalid version', `ff-${TRACE}-${SPAN}-01`],
    ['version 00 with more fields', `${GOOD}-more`],
    ['a later version with junk at its end', `cc-${TRACE}-${SPAN}-01.what`],
    ['upper-case digits', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['spaces around it', ` ${GOOD} `],
    ['a line break', `${GOOD}\r\n`],
    ['terminal escapes', `00-${TRACE}-${SPAN.slice(4)}\u001b[2J-01`],
    ['64 KB', `cc-${TRACE}-${SPAN}-01-${'a'.repeat(65_536)}`],
  ])('refuses %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined()
  })
})

describe('readTraceparent', () => {
  it('undoes formatTraceparent', () => {
    for (const sampled of [true, false]) {
      const context = { traceId: TRACE, spanId: SPAN, sampled }
      expect(readTraceparent(formatTraceparent(context))).toEqual(context)
    }
  })

  it('gives undefined for a cut one', () => {
    expect(readTraceparent(GOOD.slice(0, 40))).toBeUndefined()
  })
})
