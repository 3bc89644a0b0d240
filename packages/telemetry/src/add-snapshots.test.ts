import { describe, expect, it } from 'vitest'
import { addSnapshots, subtractSnapshot, withoutGauges } from './add-snapshots.ts'
import { createMetrics } from './metric-registry.ts'

function someCounts(attempts: number, streams: number, busy: number) {
  const metrics = createMetrics()
  metrics.counter('switchyard_deferrals_total').add({ lane: 'a.b' }, attempts)
  metrics.histogram('switchyard_log_flush_seconds').observe({}, attempts)
  metrics.gauge('switchyard_streams_open').set({}, streams)
  metrics.gauge('switchyard_event_loop_busy_ratio').set({ role: 'worker' }, busy)
  return metrics
}

describe('addSnapshots', () => {
  it('sums counters, histograms and gauges, and takes the largest where that is what a gauge means', () => {
    const other = someCounts(3, 20, 0.2)
    other.counter('switchyard_deferrals_total').add({ lane: 'c.d' }, 5)
    const sum = addSnapshots([someCounts(2, 10, 0.5).snapshot(), other.snapshot()])
    expect(sum.switchyard_deferrals_total).toEqual([
      [['a.b'], 5],
      [['c.d'], 5],
    ])
    expect((sum.switchyard_log_flush_seconds![0]![1] as number[])[0]).toBe(5)
    expect((sum.switchyard_log_flush_seconds![0]![1] as number[]).at(-1)).toBe(2)
    expect(sum.switchyard_streams_open).toEqual([[[], 30]])
    expect(sum.switchyard_event_loop_busy_ratio).toEqual([[['worker'], 0.5]])
  })

  it('changes none of what it adds', () => {
    const one = someCounts(2, 10, 0.5).snapshot()
    const before = structuredClone(one)
    addSnapshots([one, one, one])
    expect(one).toEqual(before)
  })

  it('bounds the series of all together, as each process bounds its own', () => {
    const all = Array.from({ length: 30 }, (_, member) => {
      const metrics = createMetrics()
      const lanes = metrics.counter('switchyard_deferrals_total')
      for (let i = 0; i < 100; i++) lanes.add({ lane: `${member}.${i}` })
      return metrics.snapshot()
    })
    const series = addSnapshots(all).switchyard_deferrals_total!
    expect(series).toHaveLength(2_001)
    expect(series.at(-1)).toEqual([['other'], 1_000])
  })

  it('leaves out what another version counts otherwise', () => {
    const strange = {
      switchyard_unheard_of_total: [[[], 1]],
      switchyard_deferrals_total: [[['a.b', 'too many'], 1], 'no series', [['a.b'], '1'], [[7], 1]],
      switchyard_log_flush_seconds: [[[], [1, 2, 3]]],
      switchyard_streams_open: 4,
    }
    const sum = addSnapshots([strange as never, someCounts(2, 10, 0.5).snapshot()])
    expect(sum).toEqual(someCounts(2, 10, 0.5).snapshot())
  })
})

describe('subtractSnapshot', () => {
  it('gives what was counted since, and gauges as they are', () => {
    const metrics = someCounts(2, 10, 0.5)
    const base = metrics.snapshot()
    metrics.counter('switchyard_deferrals_total').add({ lane: 'a.b' }, 3)
    metrics.counter('switchyard_deferrals_total').add({ lane: 'new' }, 1)
    metrics.gauge('switchyard_streams_open').set({}, 4)
    const since = subtractSnapshot(metrics.snapshot(), base)
    expect(since.switchyard_deferrals_total).toEqual([
      [['a.b'], 3],
      [['new'], 1],
    ])
    expect(since.switchyard_log_flush_seconds![0]![1]).toEqual(new Array(12).fill(0))
    expect(since.switchyard_streams_open).toEqual([[[], 4]])
    expect(addSnapshots([withoutGauges(base), since])).toEqual(metrics.snapshot())
  })
})
