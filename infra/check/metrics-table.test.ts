import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { metricsTable } from './metrics-table.ts'

it('metrics.md lists exactly the metrics that there are', () => {
  const text = readFileSync(new URL('../prometheus/metrics.md', import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('|'))
  expect(rows.join('\n')).toBe(metricsTable())
})
