import { isExtraction } from './extraction.ts'
import type { ResultRow } from './result-row.ts'

export interface Facts {
  /** null: a line has no price. */
  costUsd: number | null
  outage: { failedCalls: number } | null
}

/** The table at the end: a name and a value per line, values to the right. */
export function summaryTable(rows: ResultRow[], facts: Facts): string {
  const lines = summarise(rows, facts)
  const nameWidth = Math.max(...lines.map(([name]) => name.length))
  const valueWidth = Math.max(...lines.map(([, value]) => value.length))
  return lines.map(([name, value]) => `  ${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}`).join('\n')
}

function summarise(rows: ResultRow[], { costUsd, outage }: Facts): [string, string][] {
  const completed = rows.filter(isCompleted)
  const sum = (field: 'prompt_tokens' | 'completion_tokens') =>
    rows.reduce((total, { usage }) => total + (usage?.[field] ?? 0), 0)
  return [
    ['documents', count(rows.length)],
    ['completed', count(completed.length)],
    ['failed', count(rows.length - completed.length)],
    ...(outage === null ? [] : ([['calls that met the outage', count(outage.failedCalls)]] as [string, string][])),
    ...answerers(rows),
    ['tokens in / out', `${count(sum('prompt_tokens'))} / ${count(sum('completion_tokens'))}`],
    ['cost', costUsd === null ? 'not known' : `$${costUsd.toFixed(4)}`],
  ]
}

/** Completed, with an answer that is what the schema says. */
export function isCompleted({ status, output }: ResultRow): boolean {
  return status === 'completed' && isExtraction(output)
}

function answerers(rows: ResultRow[]): [string, string][] {
  const byModel = Map.groupBy(
    rows.filter(({ model }) => model !== null),
    ({ model }) => model,
  )
  return [...byModel]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([model, answered]) => [`answered by ${model}`, count(answered.length)])
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
