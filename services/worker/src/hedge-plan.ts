import type { JobSpec } from '@switchyard/contract/job'
import type { Observed } from '@switchyard/contract/observed'
import type { Hold } from './hold.ts'
import type { OpenAttempt } from './open-attempt.ts'
import type { UsableDeployment } from './upstreams.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * In how many ms of its begin a call should have something to show: what 95 of 100 calls of its deployment lately did. An answer in one
 * piece takes the time to be written as well. null: not known, or the deployment is not well: its calls are probes then.
 */
export function usualMs({ stream, estimate }: JobSpec, seen: Observed | undefined): number | null {
  if (!seen?.ttftMs || seen.breaker !== 'closed') return null
  if (stream) return seen.ttftMs.p95
  if (!seen.tokensPerSecond) return null
  return seen.ttftMs.p95 + (estimate.outputTokens / seen.tokensPerSecond) * 1_000
}

/** A job whose first token may be waited for at two deployments: not one that goes on from a text, may not pay twice, or runs apart. */
export function mayHedge({ suspect }: WorkerContext, { spec }: Hold, prefill: string | null): boolean {
  return !suspect && prefill === null && spec.maxCostNanoUsd === undefined
}

export interface HedgeTarget extends UsableDeployment {
  hop: number
}

/** The next deployment of the route that this worker can call and that is well: of the hop, or of a later one, whatever its lane. */
export function hedgeTarget(worker: WorkerContext, hold: Hold, { beginning }: OpenAttempt): HedgeTarget | null {
  const { watch, budget } = worker.health
  const tried = new Set([...hold.attempts, ...hold.refusals, beginning].map(({ deployment }) => deployment))
  const { hops } = hold.spec.route
  for (let hop = hold.hop; hop < hops.length; hop++) {
    for (const { id } of hops[hop]!.deployments) {
      const target = worker.upstreams().usable.get(id)
      if (target && !tried.has(id) && watch.outUntilMs(id) === null && budget.allows(id)) return { ...target, hop }
    }
  }
  return null
}
