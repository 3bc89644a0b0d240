import { describe, expect, it } from 'vitest'
import type { ResultRow } from './result-row.ts'
import { missingResults } from './results-file.ts'
import { isCompleted, isFailedOver, quantile } from './summary-table.ts'

const extraction = { title: 't', kind: 'readme', licence: 'MIT', summary: 's', keywords: [] }

function row(document: string, change: Partial<ResultRow> = {}): ResultRow {
  return {
    document,
    job: `job_${document}`,
    status: 'completed',
    extraction,
    error: null,
    attempts: ['haiku'],
    answered_by: 'haiku',
    input_tokens: 1,
    output_tokens: 1,
    cost_usd: 0,
    wait_ms: 1,
    duration_ms: 2,
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
    ['a job that was lost sight of', [row('a'), row('b', { status: 'unknown' })], 'b has no end: undefined'],
    [
      'a request that was refused',
      [row('a'), row('b', { status: 'not_accepted', job: null })],
      'b has no end: undefined',
    ],
  ])('finds %s', (_, rows, problem) => {
    expect(missingResults(documents, rows)).toEqual([problem])
  })
})

describe('the table', () => {
  it('counts an answer that is not what the schema says as failed', () => {
    expect(isCompleted(row('a'))).toBe(true)
    expect(isCompleted(row('a', { extraction: null }))).toBe(false)
  })

  it('counts another deployment as a failover, a second try at the same one not', () => {
    expect(isFailedOver(row('a', { attempts: ['haiku', 'haiku'] }))).toBe(false)
    expect(isFailedOver(row('a', { attempts: ['haiku', 'haiku', 'gpt-mini'] }))).toBe(true)
  })

  it('takes quantiles from the values', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect([quantile(hundred, 0.5), quantile(hundred, 0.95), quantile([7], 0.95)]).toEqual([50, 95, 7])
  })
})
