import type { RoutePolicy } from '@switchyard/contract/job'
import type { Deployment } from './catalog.ts'
import type { Expectation } from './expect-call.ts'

export type ScoringPolicy = Exclude<RoutePolicy, 'ordered'>

/**
 * How much cost, time and quality count. A policy with one aim still minds the others a little, so that of two deployments that are
 * as good as equal in it the better one comes first. Qualities lie close together (0.55 and 0.64 are worlds apart), costs and times
 * differ by tens, so quality weighs heavier where all three count. The benchmark (routing.bench.ts) shows what these come to.
 */
const WEIGHTS: Record<ScoringPolicy, { cost: number; time: number; quality: number }> = {
  cost: { cost: 1, time: 0.005, quality: 0.005 },
  latency: { cost: 0.005, time: 1, quality: 0.005 },
  quality: { cost: 0.005, time: 0.005, quality: 1 },
  balanced: { cost: 0.3, time: 0.3, quality: 1 },
}

/** A call that will be late is worth less, the later the less. */
const LATENESS = 3
/** Added to costs, so that what is free can be compared: a thousandth of a cent. */
const NANO_USD = 10_000
const LEAST_MS = 1

export interface Scored {
  deployment: Deployment
  expected: Expectation
}

/**
 * A score from 0 to 1 for each candidate, in their order. Each of cost, time and quality counts as a share of the best candidate's,
 * so the score has no unit and needs no idea of what a second is worth; then the odds that the call succeeds, and in time.
 * Unpriced counts as twice the dearest, unrated as the worst of the others.
 */
export function scoreDeployments(
  candidates: readonly Scored[],
  policy: ScoringPolicy,
  terms: { task: string | null; leftMs: number | null },
): number[] {
  const weights = WEIGHTS[policy]
  const all = weights.cost + weights.time + weights.quality
  const costs = filled(
    candidates.map(({ expected }) => expected.costNanoUsd),
    (...known) => 2 * Math.max(...known),
  )
  const qualities = filled(
    candidates.map(({ deployment }) => qualityOf(deployment, terms.task)),
    Math.min,
  )
  const cheapest = Math.min(...costs) + NANO_USD
  const quickest = Math.max(LEAST_MS, Math.min(...candidates.map(({ expected }) => expected.totalMs)))
  const finest = Math.max(...qualities)
  return candidates.map(({ expected }, i) => {
    const worth =
      (cheapest / (costs[i]! + NANO_USD)) ** weights.cost *
      (quickest / Math.max(LEAST_MS, expected.totalMs)) ** weights.time *
      (finest === 0 ? 1 : qualities[i]! / finest) ** weights.quality
    return worth ** (1 / all) * (1 - expected.failureOdds) * punctuality(expected.slowMs, terms.leftMs)
  })
}

/** How well it does a task, 0 to 1: its score there, else in general, else over all tasks; null: nothing is known. */
export function qualityOf({ scores }: Deployment, task: string | null): number | null {
  const own = (task === null ? undefined : scores[task]) ?? scores.general
  if (own !== undefined) return own
  const known = Object.values(scores)
  return known.length === 0 ? null : known.reduce((sum, score) => sum + score, 0) / known.length
}

function punctuality(slowMs: number, leftMs: number | null): number {
  if (leftMs === null || slowMs <= leftMs) return 1
  return (Math.max(0, leftMs) / slowMs) ** LATENESS
}

/** What is not known counts as the worst that is; where nothing is, all are equal. */
function filled(values: (number | null)[], worst: (...values: number[]) => number): number[] {
  const known = values.filter((value) => value !== null)
  const fallback = known.length === 0 ? 1 : worst(...known)
  return values.map((value) => value ?? fallback)
}
