import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrokerError } from '../broker-error.ts'
import { explainJson } from './explain-json.ts'
import { readJson } from './read-json.ts'

function refusal(body: string | Buffer): BrokerError {
  try {
    readJson(typeof body === 'string' ? Buffer.from(body) : body)
  } catch (error) {
    if (BrokerError.is(error)) return error
    throw error
  }
  throw new Error('was accepted')
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

describe('readJson refuses', () => {
  it.each<[string, string | Buffer, string, string | null]>([
    ['nothing', '', 'invalid_json', null],
    ['blanks', '  \n', 'invalid_json', null],
    ['a byte order mark', '\ufeff{}', 'invalid_json', null],
    ['a trailing comma', '{"a":1,}', 'invalid_json', null],
    ['a trailing comma in a list', '{"a":[1,]}', 'invalid_json', 'a[1]'],
    ['two documents', '{} {}', 'invalid_json', null],
    ['single quotes', "{'a':1}", 'invalid_json', null],
    ['a comment', '{"a":1}//', 'invalid_json', null],
    ['NaN', '{"a":NaN}', 'invalid_json', 'a'],
    ['a leading zero', '{"a":01}', 'invalid_json', 'a'],
    ['an open string', '{"a":"b', 'invalid_json', 'a'],
    ['an open object', '{"a":1', 'invalid_json', null],
    ['a raw newline in a string', '{"a":"x\ny"}', 'invalid_json', 'a'],
    ['an unknown escape', '{"a":"\\x"}', 'invalid_json', 'a'],
    ['a short escape', '{"a":"\\u12"}', 'invalid_json', 'a'],
    ['a raw NUL in a string', '{"a":"\u0000"}', 'invalid_encoding', 'a'],
    ['an escaped NUL', '{"a":{"b":["\\u0000"]}}', 'invalid_encoding', 'a.b[0]'],
    ['an escaped NUL in a key', '{"\\u0000":1}', 'invalid_encoding', null],
    ['a lone high surrogate', '{"a":"\\ud83d"}', 'invalid_encoding', 'a'],
    ['a lone low surrogate', '{"a":"\\uDE00"}', 'invalid_encoding', 'a'],
    ['two high surrogates', '{"a":"\\ud83d\\ud83d"}', 'invalid_encoding', 'a'],
    ['a high surrogate before text', '{"a":"\\ud83dx"}', 'invalid_encoding', 'a'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid_encoding', null],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'invalid_encoding', null],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'invalid_encoding', null],
    ['a cut character', Buffer.from([0x22, 0xe2, 0x82, 0x22]), 'invalid_encoding', null],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'invalid_json', null],
    ['a key given twice', '{"model":"a","x":{"b":1,"b":2}}', 'invalid_json', 'x.b'],
    ['a key given twice in other letters', '{"ab":1,"\\u0061b":2}', 'invalid_json', 'ab'],
    ['__proto__', '{"a":[{"__proto__":{"x":1}}]}', 'invalid_json', 'a[0].__proto__'],
    ['__proto__ by escape', '{"\\u005f_proto__":1}', 'invalid_json', '__proto__'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}', 'invalid_json', 'constructor.prototype'],
    ['1e999', '{"a":1e999}', 'invalid_value', 'a'],
    ['-1E+400', '{"a":-1E+400}', 'invalid_value', 'a'],
    ['1e-999', '{"a":1e-999}', 'invalid_value', 'a'],
    ['-0', '{"temperature":-0}', 'invalid_value', 'temperature'],
    ['-0.0', '[1,-0.0]', 'invalid_value', '[1]'],
    ['-0e5', '[-0e5]', 'invalid_value', '[0]'],
    ['2^53', '{"seed":9007199254740992}', 'invalid_value', 'seed'],
    ['2^53 + 1', '{"seed":9007199254740993}', 'invalid_value', 'seed'],
    ['-2^63', '{"seed":-9223372036854775808}', 'invalid_value', 'seed'],
    ['400 digits', `{"n":${'1'.repeat(400)}}`, 'invalid_value', 'n'],
    ['400 digits behind the point', `{"n":0.${'1'.repeat(400)}}`, 'invalid_value', 'n'],
    ['depth 65', nested(65), 'json_too_deep', null],
    ['depth 100,000', nested(100_000), 'json_too_deep', null],
    ['depth 100,000 of objects', '{"a":'.repeat(100_000), 'json_too_deep', null],
    [
      '70,000 keys',
      JSON.stringify(Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [i, 0]))),
      'json_too_complex',
      null,
    ],
    ['a million elements', JSON.stringify(new Array(1_000_000).fill(0)), 'json_too_complex', null],
    ['200,002 empty lists', JSON.stringify(new Array(200_002).fill([])), 'json_too_complex', null],
  ])('%s', (_name, body, code, param) => {
    const error = refusal(body)
    expect(error.code).toBe(code)
    expect(error.param).toBe(param)
  })

  it('says where, and shows nothing of the body', () => {
    const error = refusal('{"model":"canary-secret","messages":[}')
    expect(error.message).toContain('offset 37')
    expect(error.message).not.toContain('canary')
  })
})

describe('readJson accepts', () => {
  it.each<[string, string]>([
    ['spaces around', ' \n{"a" : [ 1 , 2 ]}\r\n\t'],
    ['depth 64', nested(64)],
    ['50,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 0])))],
    ['surrogate pairs', '{"a":"\\ud83d\\uDE00\\u00e9\\uD800\\uDC00"}'],
    ['characters of every length', '{"ключ":"é€𝄞"}'],
    ['the largest safe integers', '[9007199254740991,-9007199254740991]'],
    ['doubles', '[0.30000000000000004,1e-7,1.7976931348623157e308,-0.5,0,0.0,5e-324,1e300,-1E+2]'],
    ['a property called constructor', '{"constructor":{"type":"object"},"prototype":1}'],
    ['escaped quotes and backslashes', '{"a\\"b":"\\\\","c":"\\\\\\"}"}'],
    ['the line separators', '{"a":"\u2028\u2029\u007f"}'],
    ['a single value', '"x"'],
  ])('%s', (_name, text) => {
    expect(readJson(Buffer.from(text))).toEqual(JSON.parse(text))
  })

  it('whatever JSON.stringify writes of plain values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value)
        const problem = explainJson(Buffer.from(text))
        if (problem) expect(refusal(text).code).toBe(problem.code)
        else expect(readJson(Buffer.from(text))).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })
})

/** Pieces that meet the edges of the grammar when they are strung together. */
const PIECES = [
  ...'{}[],: \n"\\-+.eE019au/\u0000\u0001',
  'true',
  'null',
  '"a"',
  '"b":',
  '"a":1',
  '\\u',
  '\\ud83d',
  '\\ude00',
  '\\u0000',
  '0061',
  '__proto__',
  'constructor',
  'prototype',
  '{"a":',
  '[1,',
  '-0',
  '1e999',
  '9007199254740993',
  '"é"',
  '\u{1f600}',
]

describe('the quick door and the slow rule', () => {
  it('agree on random texts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }), (pieces) => {
        agree(Buffer.from(pieces.join('')))
      }),
      { numRuns: 3_000 },
    )
  })

  it('agree on valid texts with one byte changed', () => {
    const arbitrary = fc.tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom(...PIECES))
    fc.assert(
      fc.property(arbitrary, ([text, at, piece]) => {
        const place = at % (text.length + 1)
        agree(Buffer.from(text.slice(0, place) + piece + text.slice(place + 1)))
      }),
      { numRuns: 3_000 },
    )
  })
})

function agree(bytes: Buffer): void {
  if (bytes.length === 0) return
  const expected = explainJson(bytes)
  let got: BrokerError | null = null
  try {
    readJson(bytes)
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    got = error
  }
  expect(got?.code ?? null).toBe(expected?.code ?? null)
  expect(got?.param ?? null).toBe(expected?.param ?? null)
}
