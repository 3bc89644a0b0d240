import type { Chooser } from './choosers.ts'
import { PROFILES } from './latency-profiles.ts'
import { seededRandom } from './seeded-random.ts'
import { createSimulatedFleet, quantile } from './simulated-fleet.ts'
import type { SimulatedJob } from './workload.ts'

/** What a way of choosing came to. */
export interface RoutingResult {
  /** USD for a thousand jobs. */
  usdPerThousand: number
  /** From arrival to the end of the answer, other deployments' failures included. */
  latencyMs: { mean: number; p50: number; p95: number }
  /** Share of jobs that were answered too late, or not at all. */
  missed: number
  /** Of the deployments that answered, on average. */
  quality: number
}

interface Turn {
  atMs: number
  job: SimulatedJob
  /** Profiles left to try; null: it has just arrived. */
  left: number[] | null
}

/** Runs a workload under one way of choosing. A job whose call fails goes on to the next profile of its order at once. */
export function simulateRouting(jobs: readonly SimulatedJob[], choose: Chooser, seed: number): RoutingResult {
  const fleet = createSimulatedFleet()
  const random = seededRandom(seed)
  const latencies: number[] = []
  let cost = 0
  let missed = 0
  let quality = 0
  /** Failures to come, by time; few at once. */
  const later: Turn[] = []

  function take({ atMs, job, left }: Turn): void {
    const [profile, ...rest] = left ?? choose(job, atMs, fleet, random)
    if (profile === undefined) {
      missed++
      return
    }
    const fate = job.fates[profile]!
    const endsAtMs = fleet.run(profile, atMs, fate, job.outputTokens)
    if (fate.fails) {
      const at = later.findIndex((turn) => turn.atMs > endsAtMs)
      later.splice(at === -1 ? later.length : at, 0, { atMs: endsAtMs, job, left: rest })
      return
    }
    cost += fate.costNanoUsd
    quality += PROFILES[profile]!.quality
    latencies.push(endsAtMs - job.arrivesAtMs)
    if (endsAtMs - job.arrivesAtMs > job.deadlineMs) missed++
  }

  for (const job of jobs) {
    while (later.length > 0 && later[0]!.atMs <= job.arrivesAtMs) take(later.shift()!)
    take({ atMs: job.arrivesAtMs, job, left: null })
  }
  while (later.length > 0) take(later.shift()!)

  latencies.sort((a, b) => a - b)
  return {
    usdPerThousand: (cost / 1e9 / jobs.length) * 1_000,
    latencyMs: {
      mean: latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length,
      p50: quantile(latencies, 0.5),
      p95: quantile(latencies, 0.95),
    },
    missed: missed / jobs.length,
    quality: quality / latencies.length,
  }
}
