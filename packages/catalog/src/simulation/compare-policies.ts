import { atRandom, byPolicy, type Chooser, cheapestKnown, quickestKnown, roundRobin } from './choosers.ts'
import { type RoutingResult, simulateRouting } from './simulate-routing.ts'
import { drawWorkload } from './workload.ts'

const WAYS: readonly (readonly [string, () => Chooser])[] = [
  ['random', () => atRandom],
  ['round robin', roundRobin],
  ['ordered', () => byPolicy('ordered')],
  ['cost', () => byPolicy('cost')],
  ['latency', () => byPolicy('latency')],
  ['quality', () => byPolicy('quality')],
  ['balanced', () => byPolicy('balanced')],
  ['oracle: quickest', () => quickestKnown],
  ['oracle: cheapest in time', () => cheapestKnown],
]

/** Every way of choosing over the same jobs, by name. */
export function comparePolicies(options: {
  seed: number
  jobs: number
  meanGapMs: number
}): Map<string, RoutingResult> {
  const jobs = drawWorkload(options)
  return new Map(WAYS.map(([name, choose]) => [name, simulateRouting(jobs, choose(), options.seed + 1)]))
}
