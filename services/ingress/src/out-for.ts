import type { Hop } from '@switchyard/contract/job'
import type { ObservedFleet } from '@switchyard/contract/observed'

/** How long, in ms, the breakers of all deployments of a hop stay open; 0 where one is not open. */
export function outForMs(observed: ObservedFleet, { deployments }: Hop, nowMs: number): number {
  return Math.min(
    ...deployments.map(({ id }) => {
      const seen = observed(id)
      return seen?.breaker === 'open' ? Math.max(0, (seen.reopensAtMs ?? nowMs) - nowMs) : 0
    }),
  )
}
