import type { Quantiles } from './load.ts'

/** By nearest rank; null of nothing. Sorts in place. */
export function quantiles(values: number[]): Quantiles | null {
  if (values.length === 0) return null
  values.sort((a, b) => a - b)
  const at = (share: number) => values[Math.max(0, Math.ceil(values.length * share) - 1)]!
  return { p50: at(0.5), p99: at(0.99) }
}

/** Of an even number, the mean of the middle two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
