import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import { METRICS, type MetricDefinition } from '@switchyard/telemetry/metrics'

/**
 * Numbers in Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/), in the order of the table of
 * metrics; what the table does not know is left out.
 */
export function renderMetrics(numbers: MetricsSnapshot): string {
  const lines: string[] = []
  for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
    const series = numbers[name]
    if (series === undefined || series.length === 0) continue
    lines.push(`# HELP ${name} ${definition.help.replaceAll('\\', '\\\\')}`, `# TYPE ${name} ${definition.kind}`)
    for (const [values, value] of series) {
      const labels = definition.labels.map((label, i) => `${label}="${escaped(values[i]!)}"`)
      if (typeof value === 'number') lines.push(line(name, labels, value))
      else pushHistogram(lines, name, labels, definition.buckets ?? [], value)
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function pushHistogram(
  lines: string[],
  name: string,
  labels: string[],
  buckets: readonly number[],
  [sum = 0, ...counts]: number[],
): void {
  let count = 0
  counts.forEach((more, i) => {
    count += more
    const bound = buckets[i] === undefined ? '+Inf' : String(buckets[i])
    lines.push(line(`${name}_bucket`, [...labels, `le="${bound}"`], count))
  })
  lines.push(line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count))
}

function line(name: string, labels: string[], value: number): string {
  return `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${number(value)}`
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
