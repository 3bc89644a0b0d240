import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readRow } from './result-row.ts'
import { keepLeftOuts, openResults, readLeftOuts } from './results.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-results-'))
})
afterEach(() => rm(folder, { recursive: true }))

function answer(content: string, status = 200): string {
  const body = status === 200 ? { choices: [{ message: { content } }] } : { error: { code: 'bad', message: content } }
  return JSON.stringify({
    custom_id: 'a.md',
    response: { status_code: status, request_id: 'job_1', body },
    error: null,
  })
}

async function rows(): Promise<unknown[]> {
  const text = await readFile(join(folder, 'results.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

it('an answer is text, JSON where that was asked for, and a failure where it is not', () => {
  expect(readRow(answer('{"a":1}'), false)).toMatchObject({ status: 'completed', output: '{"a":1}', job: 'job_1' })
  expect(readRow(answer('{"a":1}'), true)).toMatchObject({ status: 'completed', output: { a: 1 } })
  expect(readRow(answer('well, {'), true)).toMatchObject({
    status: 'failed',
    output: null,
    error: { code: 'not_json' },
  })
  expect(readRow(answer('no', 429), true)).toMatchObject({ status: 'failed', error: { code: 'bad', message: 'no' } })
  const unfinished = { custom_id: 'a.md', response: null, error: { code: 'batch_expired', message: 'late' } }
  expect(readRow(JSON.stringify(unfinished), true)).toMatchObject({ status: 'failed', error: unfinished.error })
})

it('the answer of another endpoint is its text, or its body where it has none', () => {
  const row = (body: object) =>
    JSON.stringify({ custom_id: 'a', response: { status_code: 200, request_id: 'j', body }, error: null })
  const message = { type: 'message', content: [{ type: 'output_text', text: 'hello' }] }
  expect(readRow(row({ output: [{ type: 'reasoning' }, message] }), false).output).toBe('hello')
  expect(readRow(row({ data: [1] }), false).output).toEqual({ data: [1] })
})

it('a document that was run again has one row, the last', async () => {
  const results = await openResults(folder, [{ document: 'large.md', why: 'is too large' }])
  await results.add(readRow(answer('no', 500), false))
  await results.add({ ...readRow(answer('b'), false), document: 'b.md' })
  await results.add(readRow(answer('yes'), false))
  expect(await results.close()).toEqual({
    completed: 2,
    failures: [{ document: 'large.md', code: 'not_sent', message: 'is too large' }],
  })
  expect(await rows()).toMatchObject([
    { document: 'large.md' },
    { document: 'b.md' },
    { document: 'a.md', output: 'yes' },
  ])
})

it('what was left out is known to whoever goes on with the same batch, and to no other', async () => {
  const leftOuts = { batch: 'batch_1', rejected: [{ document: 'a', why: 'x' }], skipped: [] }
  expect((await readLeftOuts(folder, 'batch_1')).rejected).toEqual([])
  await keepLeftOuts(folder, leftOuts)
  expect(await readLeftOuts(folder, 'batch_1')).toEqual(leftOuts)
  expect((await readLeftOuts(folder, 'batch_2')).rejected).toEqual([])
})
