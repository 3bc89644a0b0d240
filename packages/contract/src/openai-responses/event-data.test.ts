import { describe, expect, test } from 'vitest'
import type { JobSpec } from '../job.ts'
import { toSse } from '../log-entry.ts'
import { eventData, failedEvent } from './event-data.ts'
import { jobIdOfResponse, responseIdOf } from './response-id.ts'

const JOB = 'job_01J8ZQ4YB3M5T7V9X1C2D3E4F5'

describe('the SSE block of an event', () => {
  test('is named by its type and numbered by its place', () => {
    const data = eventData('response.output_text.delta', 3, { delta: 'a"b' })
    expect(toSse({ seq: 3, event: null, data, terminal: null })).toBe(
      'id: 3\nevent: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":3,"delta":"a\\"b"}\n\n',
    )
  })

  test('of a chat chunk has no name', () => {
    expect(toSse({ seq: 0, event: null, data: '{"id":"c"}', terminal: null })).toBe('id: 0\ndata: {"id":"c"}\n\n')
    expect(toSse({ seq: 1, event: null, data: '[DONE]', terminal: 'completed' })).toBe('id: 1\ndata: [DONE]\n\n')
  })

  test('of an end that was written by somebody who does not know the log is numbered when it is shown', () => {
    const spec = { id: JOB, createdAtMs: 5_000, model: 'm', metadata: {} } as JobSpec
    const data = failedEvent(spec, 'cancelled', {
      message: '"sequence_number":null,',
      type: 't',
      param: null,
      code: 'job_cancelled',
    })
    const block = toSse({ seq: 12, event: null, data, terminal: 'cancelled' })
    expect(block.startsWith('id: 12\nevent: response.failed\ndata: ')).toBe(true)
    expect(JSON.parse(block.split('data: ')[1]!)).toMatchObject({
      type: 'response.failed',
      sequence_number: 12,
      response: {
        id: responseIdOf(JOB),
        created_at: 5,
        status: 'cancelled',
        error: { code: 'job_cancelled', message: '"sequence_number":null,' },
      },
    })
  })
})

test('a response and its job have one id', () => {
  expect(responseIdOf(JOB)).toBe('resp_01J8ZQ4YB3M5T7V9X1C2D3E4F5')
  expect(jobIdOfResponse(responseIdOf(JOB))).toBe(JOB)
  for (const id of ['', 'resp_', JOB, 'resp_1', `${responseIdOf(JOB)}x`, 'resp_01J8ZQ4YB3M5T7V9X1C2D3E4*5']) {
    expect(jobIdOfResponse(id)).toBeNull()
  }
})
