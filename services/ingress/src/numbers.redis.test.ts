import { createMetrics } from '@switchyard/telemetry/metric-registry'
import { NO_TELEMETRY } from '@switchyard/telemetry/start-telemetry'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Stack, startStack } from './testing/start-stack.ts'

const metrics = createMetrics()
let stack: Stack
beforeAll(async () => {
  stack = await startStack({ telemetry: { ...NO_TELEMETRY, metrics }, tuning: { streams: { perKey: 1, perJob: 1 } } })
})
afterAll(() => stack.stop())

/** Label values, joined, → number. */
function counts(name: string): Record<string, number> {
  return Object.fromEntries(
    (metrics.snapshot()[name] ?? []).map(([labels, value]) => [labels.join(' '), value as number]),
  )
}

const requests = () => counts('switchyard_http_requests_total')

describe('what ingress counts', () => {
  it('is each request by the pattern of its path and its status, and nothing that a client chose', async () => {
    const asked = stack.chat()
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(JSON.stringify({ id: 'chatcmpl-1', choices: [] }))
    await (await asked).text()
    for (const path of ['/v1/jobs/job_of-nobody', '/v1/jobs/job_of-another', '/secret/path?key=sk-1'])
      await (await stack.fetch(path)).text()
    await (await fetch(`${stack.url}/v1/models`)).text()
    await vi.waitFor(() =>
      expect(requests()).toEqual({
        'POST /v1/chat/completions 200': 1,
        'GET /v1/jobs/:job_id 404': 2,
        'GET none 404': 1,
        'GET /v1/models 401': 1,
      }),
    )
    expect(counts('switchyard_jobs_accepted_total')).toEqual({ [`${stack.lane} interactive`]: 1 })
  })

  it('is a stream while it is open, and who left one', async () => {
    const leaving = new AbortController()
    const open = stack.chat({ stream: true }, {}, leaving.signal).then(
      (response) => response.text(),
      () => 'left',
    )
    const job = await stack.worker.next()
    await vi.waitFor(() => expect(counts('switchyard_streams_open')).toEqual({ '': 1 }))
    // Its headers are held back until it shows something: this client has seen nothing.
    leaving.abort()
    expect(await open).toBe('left')
    await vi.waitFor(() => expect(requests()['POST /v1/chat/completions 499']).toBe(1))
    expect(counts('switchyard_streams_open')).toEqual({ '': 0 })
    await job.begin()
    await job.complete(null)
  })

  it('is whom it turned away, and why', async () => {
    const first = stack.chat({ stream: true })
    const job = await stack.worker.next()
    const refused = await stack.chat({ stream: true })
    expect(refused.status).toBe(429)
    await refused.text()
    await vi.waitFor(() =>
      expect(counts('switchyard_requests_shed_total')).toEqual({ '/v1/chat/completions too_many_streams': 1 }),
    )
    await job.begin()
    await job.append('{}')
    await job.complete(null)
    await (await first).text()
  })
})
