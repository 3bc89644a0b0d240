import { METRICS, type MetricDefinition } from '@switchyard/telemetry/metrics'

/** The table of metrics as `infra/prometheus/metrics.md` has it, from the definitions that the processes count by. */
export function metricsTable(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(
    ([name, { kind, labels, help }]) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
  )
  return ['| metric | kind | labels | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
