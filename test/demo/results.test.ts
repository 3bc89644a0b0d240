import { describe, expect, it } from 'vitest'
import type { ResultRow } from './result-row.ts'
import { missingResults } from './results.ts'
import { isCompleted } from './summary-table.ts'

const output = { title: 't', kind: 'readme', licence: 'MIT', summary: 's', keywords: [] }

function row(document: string, change: Partial<ResultRow> = {}): ResultRow {
  const usage = { prompt_tokens: 1, completion_tokens: 1 }
  return {
    document,
    job: `job_${document}`,
    status: 'completed',
    output,
    error: null,
    usage,
    model: 'haiku',
    ...change,
  }
}

const documents = ['a', 'b'].map((name) => ({ name, text: name }))

describe('missingResults', () => {
  it('is content with one row for each document, failed ones too', () => {
    expect(missingResults(documents, [row('b'), row('a', { status: 'failed' })])).toEqual([])
  })

  it.each([
    ['a document without a row', [row('a')], 'b has 0 rows'],
    ['a document with two', [row('a'), row('b'), row('b', { job: 'job_c' })], 'b has 2 rows'],
    ['a row of no document', [row('a'), row('b'), row('c')], 'c has a row and is no document of this run'],
    ['a job in two rows', [row('a'), row('b', { job: 'job_a' })], 'job_a stands in 2 rows'],
  ])('finds %s', (_, rows, problem) => {
    expect(missingResults(documents, rows)).toEqual([problem])
  })
})

it('an answer that is not what the schema says counts as failed', () => {
  expect(isCompleted(row('a'))).toBe(true)
  expect(isCompleted(row('a', { output: { title: 't' } }))).toBe(false)
  expect(isCompleted(row('a', { status: 'failed' }))).toBe(false)
})
