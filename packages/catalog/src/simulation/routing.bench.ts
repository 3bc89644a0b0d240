// Policies against chance, turns and an oracle, on recorded latencies:
//   node packages/catalog/src/simulation/routing.bench.ts [jobs] [seed]
// Prints a line of JSON for each way of choosing; the same numbers give the same lines. test/bench makes a table of them.
import { comparePolicies } from './compare-policies.ts'

const jobs = Number(process.argv[2] ?? 8_000)
const seed = Number(process.argv[3] ?? 7)
for (const [name, result] of comparePolicies({ seed, jobs, meanGapMs: 150 })) {
  process.stdout.write(`${JSON.stringify({ name, ...result })}\n`)
}
