import { describe, expect, it } from 'vitest'
import { createMetrics } from './metric-registry.ts'
import { METRICS, type MetricDefinition } from './metrics.ts'

describe('createMetrics', () => {
  it('keeps one number for each combination of labels', () => {
    const metrics = createMetrics()
    const requests = metrics.counter('switchyard_http_requests_total')
    requests.add({ method: 'POST', endpoint: '/v1/responses', status: '200' })
    requests.add({ method: 'POST', endpoint: '/v1/responses', status: '200' }, 2)
    // The order in which the labels are written means nothing.
    requests.add({ status: '429', endpoint: '/v1/responses', method: 'POST' })
    metrics.counter('switchyard_http_requests_total').add({ method: 'GET', endpoint: '/v1/jobs', status: '200' }, 0.5)
    expect(metrics.snapshot()).toEqual({
      switchyard_http_requests_total: [
        [['POST', '/v1/responses', '200'], 3],
        [['POST', '/v1/responses', '429'], 1],
        [['GET', '/v1/jobs', '200'], 0.5],
      ],
    })
  })

  it.each([0, -1, Number.NaN])('never lets a counter fall or become nothing: %s', (amount) => {
    const metrics = createMetrics()
    const rows = metrics.counter('switchyard_log_rows_total')
    rows.add({}, 5)
    rows.add({}, amount)
    expect(metrics.snapshot()).toEqual({ switchyard_log_rows_total: [[[], 5]] })
  })

  it('puts a value into the first bucket that holds it, and what is beyond behind the last', () => {
    const metrics = createMetrics()
    const waits = metrics.histogram('switchyard_queue_wait_seconds')
    const buckets = METRICS.switchyard_queue_wait_seconds.buckets as readonly number[]
    const first = buckets[0]!
    for (const value of [first, first + 0.001, buckets.at(-1)!, 1e9, -3, Number.NaN])
      waits.observe({ lane: 'a.b' }, value)
    const [[labels, value] = []] = metrics.snapshot().switchyard_queue_wait_seconds!
    const [sum, ...counts] = value as number[]
    expect(labels).toEqual(['a.b'])
    expect(sum).toBeCloseTo(first * 2 + 0.001 + buckets.at(-1)! + 1e9)
    expect(counts).toEqual([2, 1, ...buckets.slice(3).map(() => 0), 1, 1])
  })

  it('takes gauges as they were set, or asks for them', () => {
    const metrics = createMetrics()
    let open = 3
    metrics.gauge('switchyard_streams_open').follow({}, () => open)
    const running = metrics.gauge('switchyard_jobs_running')
    running.set({ role: 'worker' }, 5)
    running.set({ role: 'worker' }, 2)
    open = 7
    expect(metrics.snapshot()).toEqual({
      switchyard_streams_open: [[[], 7]],
      switchyard_jobs_running: [[['worker'], 2]],
    })
  })

  it('gathers under "other" what would be too many values, and loses none of it', () => {
    const metrics = createMetrics()
    const lanes = metrics.counter('switchyard_deferrals_total')
    for (let round = 0; round < 2; round++) for (let i = 0; i < 1_000; i++) lanes.add({ lane: `lane-${i}` })
    const series = metrics.snapshot().switchyard_deferrals_total!
    expect(series).toHaveLength(201)
    expect(series.find(([[lane]]) => lane === 'other')?.[1]).toBe(1_600)
    expect(series.reduce((sum, [, value]) => sum + (value as number), 0)).toBe(2_000)
  })

  it('bounds the combinations of values too', () => {
    const metrics = createMetrics()
    const moves = metrics.counter('switchyard_fallbacks_total')
    for (let i = 0; i < 10_000; i++)
      moves.add({ from: `f${i % 100}`, to: `t${Math.floor(i / 100)}`, error_class: 'server' })
    const series = metrics.snapshot().switchyard_fallbacks_total!
    expect(series.length).toBeLessThanOrEqual(2_001)
    expect(series.reduce((sum, [, value]) => sum + (value as number), 0)).toBe(10_000)
  })
})

describe('the table of metrics', () => {
  it.each(Object.entries<MetricDefinition>(METRICS))('%s follows the conventions', (name, definition) => {
    expect(name).toMatch(/^switchyard_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(definition.kind === 'counter')
    expect(definition.help).toMatch(/\.$/)
    expect(definition.help).not.toMatch(/\n/)
    const { buckets } = definition
    expect(buckets !== undefined).toBe(definition.kind === 'histogram')
    expect(buckets).toEqual(buckets && [...buckets].sort((a, b) => a - b))
    if (buckets) expect(name).toMatch(/_seconds$/)
  })
})
