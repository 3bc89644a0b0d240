import { describe, expect, it } from 'vitest'
import { answeringHeaders, finishedHeaders } from './answer-headers.ts'

const ANSWERING = { deployment: 'opus', simulated: false, dropped: [] }

describe('answer headers', () => {
  it('name the deployment, and say when it is simulated', () => {
    expect(answeringHeaders('job_1', ANSWERING)).toEqual({ 'x-request-id': 'job_1', 'x-switchyard-deployment': 'opus' })
    expect(answeringHeaders('job_1', { ...ANSWERING, simulated: true })['x-switchyard-deployment']).toBe(
      'opus (simulator)',
    )
    expect(answeringHeaders('job_1', null)).toEqual({ 'x-request-id': 'job_1' })
  })

  it('carry names of dropped parameters whatever a caller called them', () => {
    const dropped = ['temperature', 'a\r\nset-cookie: x', 'ключ', 'with,comma', '\u{1f600}']
    const header = answeringHeaders('job_1', { ...ANSWERING, dropped })['x-switchyard-dropped']!
    expect(header).toMatch(/^[!-~]+$/)
    expect(header.split(',').map(decodeURIComponent)).toEqual(dropped)
  })

  it('cut a list that is too long', () => {
    const dropped = Array.from({ length: 10_000 }, (_, i) => `parameter_${i}`)
    const header = answeringHeaders('job_1', { ...ANSWERING, dropped })['x-switchyard-dropped']!
    expect(header.length).toBeLessThan(1_100)
    expect(header).toMatch(/^parameter_0,.*,\.\.\.$/)
  })

  it('tell the cost exactly, and nothing of an unpriced one', () => {
    const finished = { ...ANSWERING, attempts: 2, costNanoUsd: 1_234_567 }
    expect(finishedHeaders('job_1', finished)).toMatchObject({
      'x-switchyard-attempts': '2',
      'x-switchyard-cost-usd': '0.001234567',
    })
    expect(finishedHeaders('job_1', { ...finished, costNanoUsd: null })).not.toHaveProperty('x-switchyard-cost-usd')
  })
})
