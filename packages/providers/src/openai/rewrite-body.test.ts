import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rewriteBody } from './rewrite-body.ts'

const rewrite = (text: string, drop: string[] = [], stream = false) =>
  rewriteBody(Buffer.from(text), { model: 'upstream-model', stream, drop }).toString()

describe('a rewritten body', () => {
  test('has our model, no broker fields, no dropped parameters, and every other byte as it was', () => {
    const body =
      ' {"model" : "alias", "seed": 12345678901234567890 ,\n"x":1.0, "switchyard":{"tags":{}}, "a":"\\u00fc\\"}",\t"temperature":0.2}\n'
    expect(rewrite(body, ['temperature'])).toBe(
      '{"model":"upstream-model","seed": 12345678901234567890,"x":1.0,"a":"\\u00fc\\"}"}',
    )
  })

  test('asks for a stream and its usage, keeping what else the client wants of the stream', () => {
    const body = '{"stream":false,"stream_options":{"include_obfuscation":false,"include_usage":false},"n":1}'
    expect(JSON.parse(rewrite(body, [], true))).toEqual({
      model: 'upstream-model',
      stream: true,
      stream_options: { include_obfuscation: false, include_usage: true },
      n: 1,
    })
    expect(rewrite(body)).toBe('{"model":"upstream-model","n":1}')
  })

  test('cannot be tricked by a repeated or an escaped key', () => {
    const body = '{"mod\\u0065l":"a","model":"b","n":1,"model":"c","switchyard":1,"switchyard":2}'
    expect(rewrite(body)).toBe('{"model":"upstream-model","n":1}')
  })

  test('says max_tokens in the words of a model that refuses it', () => {
    const to = (model: string, text: string) =>
      rewriteBody(Buffer.from(text), { model, stream: false, drop: [] }).toString()
    expect(to('gpt-5.5', '{"max_tokens": 12}')).toBe('{"model":"gpt-5.5","max_completion_tokens":12}')
    expect(to('gpt-5.5', '{"max_tokens":12,"max_completion_tokens":7}')).toBe(
      '{"model":"gpt-5.5","max_completion_tokens":7}',
    )
    expect(to('gpt-4.1', '{"max_tokens":12}')).toBe('{"model":"gpt-4.1","max_tokens":12}')
  })

  test('holds for any JSON object', () => {
    const value = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('model', 'stream', 'switchyard', 'gone')),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (object, space) => {
        const {
          model: _model,
          stream: _stream,
          stream_options: _options,
          switchyard: _ours,
          gone: _gone,
          ...rest
        } = object
        // `__proto__` as a key is a member like any other, on both sides.
        const expected = JSON.parse(JSON.stringify({ model: 'upstream-model', ...rest }))
        expect(JSON.parse(rewrite(JSON.stringify(object, null, space), ['gone']))).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })
})
