import { createMetrics } from '@switchyard/telemetry/metric-registry'
import { expect, test } from 'vitest'
import { renderMetrics } from './render-metrics.ts'

test('counters, gauges and histograms in the text format, in the order of the table', () => {
  const metrics = createMetrics()
  metrics.histogram('switchyard_log_flush_seconds').observe({}, 0.000_6)
  metrics.histogram('switchyard_log_flush_seconds').observe({}, 0.5)
  metrics.histogram('switchyard_log_flush_seconds').observe({}, 7)
  metrics.gauge('switchyard_streams_open').set({}, 3)
  metrics.counter('switchyard_answers_cached_total').add({ kind: 'hit' }, 2)
  expect(renderMetrics(metrics.snapshot())).toBe(`# HELP switchyard_streams_open Event streams that clients hold open.
# TYPE switchyard_streams_open gauge
switchyard_streams_open 3
# HELP switchyard_answers_cached_total Requests answered by the call of another one, by how: \`hit\` (it had ended), \`shared\` (it was under way).
# TYPE switchyard_answers_cached_total counter
switchyard_answers_cached_total{kind="hit"} 2
# HELP switchyard_log_flush_seconds From taking the pending events of all streams of a worker to the acknowledgement by Redis.
# TYPE switchyard_log_flush_seconds histogram
switchyard_log_flush_seconds_bucket{le="0.0005"} 0
switchyard_log_flush_seconds_bucket{le="0.001"} 1
switchyard_log_flush_seconds_bucket{le="0.0025"} 1
switchyard_log_flush_seconds_bucket{le="0.005"} 1
switchyard_log_flush_seconds_bucket{le="0.01"} 1
switchyard_log_flush_seconds_bucket{le="0.025"} 1
switchyard_log_flush_seconds_bucket{le="0.05"} 1
switchyard_log_flush_seconds_bucket{le="0.1"} 1
switchyard_log_flush_seconds_bucket{le="0.25"} 1
switchyard_log_flush_seconds_bucket{le="1"} 2
switchyard_log_flush_seconds_bucket{le="+Inf"} 3
switchyard_log_flush_seconds_sum 7.5006
switchyard_log_flush_seconds_count 3
`)
})

test('whatever a label holds, its line is one line and its value is one value', () => {
  const text = renderMetrics({ switchyard_limit: [[['a"b\\c\nd', 'rpm'], Number.POSITIVE_INFINITY]] })
  expect(text.split('\n').slice(2)).toEqual(['switchyard_limit{deployment="a\\"b\\\\c\\nd",dimension="rpm"} +Inf', ''])
})

test('what the table does not know is left out', () => {
  expect(renderMetrics({ switchyard_unheard_of: [[[], 1]] })).toBe('')
})
