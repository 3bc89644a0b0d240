import { figure, markdownTable } from './markdown.ts'
import type { Results } from './results.ts'

const WAYS = [
  'random',
  'round robin',
  'ordered',
  'cost',
  'latency',
  'quality',
  'balanced',
  'oracle: quickest',
  'oracle: cheapest in time',
]

/** How the ways of choosing a deployment compare. Empty where they were not simulated. */
export function routing(results: Results): string {
  const rows = WAYS.flatMap((way) => {
    const of = (name: string) => results.median(`routing ${name}`, way)
    const [usd, missed] = [of('usd'), of('missed')]
    if (usd === null || missed === null) return []
    const seconds = (name: string) => figure((of(name) ?? Number.NaN) / 1000)
    return [
      [
        way,
        usd.toFixed(3),
        seconds('mean'),
        seconds('p50'),
        seconds('p95'),
        `${(100 * missed).toFixed(1)} %`,
        figure(of('quality')),
      ],
    ]
  })
  if (rows.length === 0) return ''
  const head = ['routing, simulated', 'USD per 1,000 jobs', 'mean s', 'p50 s', 'p95 s', 'deadline missed', 'quality']
  return `${markdownTable([head, ...rows])}\n\nOracles know what each deployment would make of each job, and every queue.`
}
