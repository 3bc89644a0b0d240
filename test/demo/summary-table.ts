import type { ResultRow } from './result-row.ts'

/** The table at the end: a name and a value per line, values to the right. */
export function summaryTable(rows: ResultRow[], outage: { failedCalls: number } | null): string {
  const lines = summarise(rows, outage)
  const nameWidth = Math.max(...lines.map(([name]) => name.length))
  const valueWidth = Math.max(...lines.map(([, value]) => value.length))
  return lines.map(([name, value]) => `  ${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}`).join('\n')
}

function summarise(rows: ResultRow[], outage: { failedCalls: number } | null): [string, string][] {
  const completed = rows.filter(isCompleted)
  const sum = (field: 'input_tokens' | 'output_tokens') => rows.reduce((total, row) => total + row[field], 0)
  return [
    ['documents', count(rows.length)],
    ['completed', count(completed.length)],
    ['failed', count(rows.length - completed.length)],
    ['failed over', count(rows.filter(isFailedOver).length)],
    ...(outage === null ? [] : ([['calls that met the outage', count(outage.failedCalls)]] as [string, string][])),
    ...answerers(rows),
    ['tokens in / out', `${count(sum('input_tokens'))} / ${count(sum('output_tokens'))}`],
    ['cost', cost(rows)],
    ['wait p50 / p95', quantiles(rows.map((row) => row.wait_ms))],
    ['duration p50 / p95', quantiles(rows.map((row) => row.duration_ms))],
  ]
}

/** Completed, with an answer that is what the schema says. */
export function isCompleted(row: ResultRow): boolean {
  return row.status === 'completed' && row.extraction !== null
}

/** More than one deployment was tried; a retry at the same one is no failover. */
export function isFailedOver(row: ResultRow): boolean {
  return new Set(row.attempts).size > 1
}

function answerers(rows: ResultRow[]): [string, string][] {
  const byAnswerer = Map.groupBy(
    rows.filter((row) => row.answered_by !== null),
    (row) => row.answered_by,
  )
  return [...byAnswerer]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name, answered]) => [`answered by ${name}`, count(answered.length)])
}

function cost(rows: ResultRow[]): string {
  const unpriced = rows.filter((row) => row.cost_usd === null).length
  const usd = rows.reduce((total, row) => total + (row.cost_usd ?? 0), 0)
  return `$${usd.toFixed(4)}${unpriced === 0 ? '' : ` and ${unpriced} unpriced`}`
}

function quantiles(values: (number | null)[]): string {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? 'not seen' : `${ms(quantile(known, 0.5))} / ${ms(quantile(known, 0.95))}`
}

/** The smallest value that at least this share of the values does not exceed. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
