import { median } from './quantiles.ts'

/** What the rounds measured: one figure per round under a row and a column. */
export interface Results {
  add(row: string, column: string, value: number): void
  /** Median over the rounds; null where nothing was measured. */
  median(row: string, column: string): number | null
  /** Median of what each round's figure is to the same round's of another column: neighbours come and go between rounds. */
  ratio(row: string, column: string, base: string): number | null
  /** Counts requests that failed, and keeps what the first of them said. */
  fail(where: string, count: number, reasons: readonly string[]): void
  failed(): number
  failures(): readonly string[]
}

const MOST_REASONS = 20

export function createResults(): Results {
  const measured = new Map<string, number[]>()
  const reasons: string[] = []
  let failed = 0
  return {
    add(row, column, value) {
      const key = `${row}\n${column}`
      const values = measured.get(key)
      if (values === undefined) measured.set(key, [value])
      else values.push(value)
    },
    median(row, column) {
      const values = measured.get(`${row}\n${column}`)
      return values === undefined ? null : median(values)
    },
    ratio(row, column, base) {
      const [over, under] = [column, base].map((name) => measured.get(`${row}\n${name}`))
      if (over === undefined || under === undefined) return null
      return median(over.slice(0, under.length).map((value, round) => value / under[round]!))
    },
    fail(where, count, why) {
      failed += count
      for (const reason of why) if (reasons.length < MOST_REASONS) reasons.push(`${where}: ${reason}`)
    },
    failed: () => failed,
    failures: () => reasons,
  }
}
