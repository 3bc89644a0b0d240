import { describe, expect, it } from 'vitest'
import { placeOf } from './line-table.ts'
import { LONGEST_LINE_BYTES, MOST_LINES, validateInput } from './validate-input.ts'

const URL = '/v1/chat/completions'

function request(customId: string, over: object = {}): string {
  return JSON.stringify({ custom_id: customId, method: 'POST', url: URL, body: { model: 'm', messages: [] }, ...over })
}

async function* once(data: string | Buffer): AsyncGenerator<Buffer> {
  yield Buffer.from(data)
}

async function problemsOf(data: string | Buffer) {
  const found = await validateInput(once(data), URL)
  if (!('problems' in found)) throw new Error('was accepted')
  return found.problems
}

describe('validateInput', () => {
  it('finds the place of every request', async () => {
    const text = `${request('ä')}\r\n\n  \n${request('b')}`
    const found = await validateInput(once(text), URL)
    if ('problems' in found) throw new Error(JSON.stringify(found.problems))
    expect(found).toMatchObject({ total: 2, model: 'm' })
    const lines = [0, 1].map((line) => {
      const { offset, length } = placeOf(found.table, line)
      return JSON.parse(Buffer.from(text).toString('utf8', offset, offset + length)).custom_id
    })
    expect(lines).toEqual(['ä', 'b'])
  })

  it.each<[string, string, string, string | null]>([
    ['no JSON', '{"custom_id": ', 'invalid_json_line', null],
    ['a JSON text that is no object', '[1]', 'invalid_json_line', null],
    ['a key twice', request('a').replace('{', '{"custom_id":"z",'), 'invalid_json_line', null],
    ['no custom_id', request('a').replace('"custom_id":"a",', ''), 'missing_required_parameter', 'custom_id'],
    ['an empty custom_id', request(''), 'invalid_value', 'custom_id'],
    ['a custom_id that is too long', request('x'.repeat(513)), 'invalid_value', 'custom_id'],
    ['a number for custom_id', request('a', { custom_id: 7 }), 'invalid_value', 'custom_id'],
    ['another method', request('a', { method: 'GET' }), 'invalid_method', 'method'],
    ['another endpoint', request('a', { url: '/v1/embeddings' }), 'mismatched_endpoint', 'url'],
    ['no body', request('a', { body: undefined }), 'missing_required_parameter', 'body'],
    ['a body that is a list', request('a', { body: [] }), 'invalid_value', 'body'],
    ['a body without a model', request('a', { body: {} }), 'invalid_value', 'body.model'],
    ['something unknown', request('a', { priority: 1 }), 'unknown_parameter', 'priority'],
  ])('names the line of %s', async (_what, line, code, param) => {
    expect(await problemsOf(`${request('first')}\n\n${line}\n`)).toMatchObject([{ code, param, line: 3 }])
  })

  it('refuses a custom_id that was there before, and says where', async () => {
    expect(await problemsOf([request('a'), request('b'), request('a')].join('\n'))).toMatchObject([
      { code: 'duplicate_custom_id', line: 3, message: expect.stringContaining('line 1') },
    ])
  })

  it('refuses bytes that are no UTF-8', async () => {
    expect(await problemsOf(Buffer.from([123, 0xff, 125]))).toMatchObject([{ code: 'invalid_json_line', line: 1 }])
  })

  it('refuses what has no request', async () => {
    expect(await problemsOf('\n \n')).toMatchObject([{ code: 'empty_file', line: null }])
  })

  it('gives a hundred problems and no more', async () => {
    expect(await problemsOf('x\n'.repeat(1_000))).toHaveLength(100)
  })

  it('refuses one request too many', async () => {
    const text = Array.from({ length: MOST_LINES + 1 }, (_, i) => request(`${i}`)).join('\n')
    expect(await problemsOf(text)).toMatchObject([{ code: 'too_many_requests' }])
  })

  it('says that a line is too long and reads the next', async () => {
    async function* long(): AsyncGenerator<Buffer> {
      for (let left = LONGEST_LINE_BYTES + 1; left > 0; left -= 1024 * 1024) yield Buffer.alloc(1024 * 1024, 32)
      yield Buffer.from('\nx')
    }
    const found = await validateInput(long(), URL)
    expect(found).toMatchObject({ problems: [{ code: 'line_too_long', line: 1 }, { line: 2 }] })
  })
})
