import { figure, markdownTable } from './markdown.ts'
import type { Results } from './results.ts'

/** How much of what jobs were told of their waits was right. */
export function waits(results: Results): string {
  const columns = ['accepted', 'waiting']
  const rows: string[][] = []
  const row = (what: string, name: string) => {
    const values = columns.map((column) => results.median(name, column))
    if (values.every((value) => value !== null)) rows.push([what, ...values.map((value) => figure(value!))])
  }
  row('waits that were told', 'waits told')
  row('of them in the range that was told, %', 'waits in range')
  row('wait, p50, s', 'waits p50 s')
  row('error of the ETA, p50, s', 'waits error p50 s')
  row('width of the range, p50, s', 'waits range p50 s')
  if (rows.length === 0) return ''
  return markdownTable([['waits at a third more than the quota', 'told with the 202', 'asked while waiting'], ...rows])
}
