import { figure } from './markdown.ts'
import type { Results } from './results.ts'
import type { VariantName } from './variant.ts'

/** The parts of each variant that cost something, in the order in which a request meets them. */
const PARTS: Record<VariantName, string[]> = {
  direct: [],
  proxy: ['proxy'],
  prototype: ['ingress', 'worker', 'redis'],
  portkey: ['portkey'],
  switchyard: ['ingress', 'worker', 'redis', 'other'],
}

/** Sum over the parts; null where the variant was not measured. */
export function totalCost(results: Results, row: string, variant: VariantName): number | null {
  const parts = PARTS[variant].map((part) => results.median(row, `${variant} ${part}`)).filter((cost) => cost !== null)
  return parts.length === 0 ? null : parts.reduce((sum, cost) => sum + cost, 0)
}

/** `93 + 180 + 120 + 4 = 397` where there are several parts, else the figure alone. */
export function costText(results: Results, row: string, variant: VariantName, divisor = 1): string {
  const costs = PARTS[variant].map((part) => results.median(row, `${variant} ${part}`))
  const known = costs.filter((cost) => cost !== null).map((cost) => cost / divisor)
  if (known.length === 0) return '–'
  const total = figure(known.reduce((sum, cost) => sum + cost, 0))
  return known.length === 1 ? total : `${known.map(figure).join(' + ')} = ${total}`
}
