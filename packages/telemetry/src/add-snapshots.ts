import type { MetricsSnapshot, Series } from './metric-registry.ts'
import { METRICS, type MetricDefinition, MOST_SERIES, OTHER } from './metrics.ts'

/**
 * The numbers of several processes as one: counters and histograms are summed, gauges too or the largest counts, as their definition
 * says. No metric gets more series than `MOST_SERIES` and one. What another version counts under a name or a shape that this one does not know is left out.
 */
export function addSnapshots(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const sums = new Map<string, Map<string, Series>>()
  for (const snapshot of snapshots) {
    for (const [name, all] of Object.entries(snapshot)) {
      const definition = (METRICS as Record<string, MetricDefinition>)[name]
      if (definition === undefined || !Array.isArray(all)) continue
      const sum = sums.get(name) ?? new Map<string, Series>()
      sums.set(name, sum)
      for (const series of all) if (fits(series, definition)) add(sum, series, definition)
    }
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, [...sum.values()]]))
}

/** What was counted since `base`; gauges as they are now. */
export function subtractSnapshot(now: MetricsSnapshot, base: MetricsSnapshot): MetricsSnapshot {
  const difference: MetricsSnapshot = {}
  for (const [name, all] of Object.entries(now)) {
    if ((METRICS as Record<string, MetricDefinition>)[name]?.kind === 'gauge') {
      difference[name] = all
      continue
    }
    const before = new Map((base[name] ?? []).map(([labels, value]) => [keyOf(labels), value]))
    difference[name] = all.map(([labels, value]) => {
      const then = before.get(keyOf(labels))
      return [labels, then === undefined ? value : combine(value, then, (a, b) => Math.max(0, a - b))]
    })
  }
  return difference
}

/** Only what goes on counting when its process has gone. */
export function withoutGauges(snapshot: MetricsSnapshot): MetricsSnapshot {
  const kept = Object.entries(snapshot).filter(
    ([name]) => (METRICS as Record<string, MetricDefinition>)[name]?.kind !== 'gauge',
  )
  return Object.fromEntries(kept)
}

function add(sum: Map<string, Series>, [labels, value]: Series, { merge }: MetricDefinition): void {
  const bounded = sum.size < MOST_SERIES || sum.has(keyOf(labels)) ? labels : labels.map(() => OTHER)
  const key = keyOf(bounded)
  const before = sum.get(key)
  if (before === undefined) sum.set(key, [bounded, value])
  else before[1] = combine(before[1], value, merge === 'max' ? Math.max : (a, b) => a + b)
}

type Value = Series[1]

function combine(a: Value, b: Value, how: (a: number, b: number) => number): Value {
  if (typeof a === 'number') return how(a, b as number)
  return a.map((count, i) => how(count, (b as number[])[i]!))
}

function fits(series: unknown, { kind, labels, buckets = [] }: MetricDefinition): series is Series {
  if (!Array.isArray(series)) return false
  const [values, value] = series as unknown[]
  if (!Array.isArray(values) || values.length !== labels.length) return false
  if (!values.every((text) => typeof text === 'string')) return false
  if (kind !== 'histogram') return typeof value === 'number'
  return (
    Array.isArray(value) && value.length === buckets.length + 2 && value.every((count) => typeof count === 'number')
  )
}

function keyOf(labels: readonly string[]): string {
  return labels.join('\u0000')
}
