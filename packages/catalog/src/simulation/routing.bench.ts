// Policies against chance, turns and an oracle, on recorded latencies: node packages/catalog/src/simulation/routing.bench.ts [jobs] [seed]
// What it prints is the same for the same numbers, but for the last line.
import { performance } from 'node:perf_hooks'
import { comparePolicies } from './compare-policies.ts'

const jobs = Number(process.argv[2] ?? 20_000)
const seed = Number(process.argv[3] ?? 7)
const startedAt = performance.now()
const rows = [...comparePolicies({ seed, jobs, meanGapMs: 150 })].map(([name, result]) => {
  const { usdPerThousand, latencyMs, missed, quality } = result
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  return [
    name,
    usdPerThousand.toFixed(3),
    seconds(latencyMs.mean),
    seconds(latencyMs.p50),
    seconds(latencyMs.p95),
    `${(100 * missed).toFixed(1)} %`,
    quality.toFixed(3),
  ]
})
const head = ['', 'USD per 1,000', 'mean s', 'p50 s', 'p95 s', 'deadline missed', 'quality']
for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`)
process.stdout.write(
  `\n${jobs} jobs, seed ${seed}, ${((performance.now() - startedAt) / 1000).toFixed(1)} s of this machine\n`,
)
