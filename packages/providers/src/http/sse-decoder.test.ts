import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSseDecoder, type SseEvent } from './sse-decoder.ts'

function decode(pieces: Uint8Array[], maxEventBytes = 1_000): { events: SseEvent[]; fault: string | null } {
  const decoder = createSseDecoder(maxEventBytes)
  const events = pieces.flatMap((piece) => decoder.push(piece))
  return { events, fault: decoder.fault }
}

const STREAM =
  '\uFEFF: a comment\n\ndata: {"a":1}\n\nevent: x\rdata:{"ü":"🌍"}\r\rid: 7\r\nretry: 5\r\ndata: {"two":\r\ndata: 2}\r\n\r\ndata\n\nevent: lone\n\ndata: [DONE]\n\ndata: unfinished\n'

describe('events', () => {
  test('of every kind of line end, with comments, names and fields over two lines', () => {
    expect(decode([Buffer.from(STREAM)])).toEqual({
      fault: null,
      events: [
        { name: undefined, data: '{"a":1}' },
        { name: 'x', data: '{"ü":"🌍"}' },
        { name: undefined, data: '{"two": 2}' },
        { name: undefined, data: '' },
        { name: undefined, data: '[DONE]' },
      ],
    })
  })

  test('are the same however the bytes are cut', () => {
    const bytes = Buffer.from(STREAM)
    const whole = decode([bytes])
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), bytes.length]
        expect(decode(cuts.slice(1).map((to, i) => bytes.subarray(cuts[i] ?? 0, to)))).toEqual(whole)
      }),
    )
    expect(decode(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)))).toEqual(whole)
  })
})

describe('a fault', () => {
  test.each([
    ['a broken sequence', [0xc3, 0x28]],
    ['a lone continuation', [0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('is %s, and nothing comes after it', (_what, bad) => {
    const bytes = Buffer.concat([Buffer.from('data: '), Buffer.from(bad), Buffer.from('\n\ndata: x\n\n')])
    expect(decode([bytes, Buffer.from('data: y\n\n')])).toEqual({ events: [], fault: 'invalid_utf8' })
  })

  test('is an event without end, in one line or in many', () => {
    expect(decode([Buffer.from(`data: ${'x'.repeat(990)}\n\n`)]).fault).toBeNull()
    expect(decode(Array.from({ length: 20 }, () => Buffer.from(`data: ${'x'.repeat(100)}\n`))).fault).toBe(
      'event_too_large',
    )
    expect(
      decode([Buffer.from('data: '), ...Array.from({ length: 20 }, () => Buffer.from('x'.repeat(100)))]).fault,
    ).toBe('event_too_large')
  })
})
