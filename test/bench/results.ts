import { median } from './quantiles.ts'

/** What the rounds measured: one figure per round under a row and a column. */
export interface Results {
  add(row: string, column: string, value: number): void
  /** Median over the rounds; null where nothing was measured. */
  median(row: string, column: string): number | null
  /** Rows and columns that were measured, with every round's figure. */
  all(): { row: string; column: string; values: number[] }[]
  /** Counts requests that failed, and keeps what the first of them said. */
  fail(where: string, count: number, reasons: readonly string[]): void
  failed(): number
  failures(): readonly string[]
}

const MOST_REASONS = 20

export function createResults(): Results {
  const measured = new Map<string, { row: string; column: string; values: number[] }>()
  const reasons: string[] = []
  let failed = 0
  return {
    add(row, column, value) {
      const key = `${row}\n${column}`
      const entry = measured.get(key)
      if (entry === undefined) measured.set(key, { row, column, values: [value] })
      else entry.values.push(value)
    },
    median(row, column) {
      const entry = measured.get(`${row}\n${column}`)
      return entry === undefined ? null : median(entry.values)
    },
    all: () => [...measured.values()],
    fail(where, count, why) {
      failed += count
      for (const reason of why) if (reasons.length < MOST_REASONS) reasons.push(`${where}: ${reason}`)
    },
    failed: () => failed,
    failures: () => reasons,
  }
}
