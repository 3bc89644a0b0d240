import { createHash } from 'node:crypto'
import type { Hop, Route, RoutedDeployment } from '@switchyard/contract/job'

/** How much more than its share a deployment may get before jobs of its prefixes go to the next one. */
const SLACK = 0.25
/** Few jobs never make an overload. */
const SLACK_JOBS = 8
/** What was sent so long ago counts half. */
const HALF_LIFE_MS = 5_000

/** What was lately sent where by this process. Each process bounds what it sends, so the sum is bounded too. */
export interface StickyLoads {
  /** Jobs, fading. */
  of(deployment: string): number
  add(deployment: string): void
}

/** Bounded by the deployments of the catalog. */
export function stickyLoads(now: () => number = Date.now): StickyLoads {
  const loads = new Map<string, { jobs: number; atMs: number }>()
  const of = (deployment: string) => {
    const load = loads.get(deployment)
    return load === undefined ? 0 : load.jobs * 0.5 ** ((now() - load.atMs) / HALF_LIFE_MS)
  }
  return {
    of,
    add(deployment) {
      loads.set(deployment, { jobs: of(deployment) + 1, atMs: now() })
    },
  }
}

/**
 * A route on which the deployments of each hop stand in the order in which its prefix prefers them (rendezvous hashing: when one goes, only its own
 * prefixes move), the first that is not overloaded in front. The place that a prefix has warmed is the place where it is asked again.
 */
export function stickRoute(
  route: Route,
  prefix: string,
  catalog: { deployments: ReadonlyMap<string, { weight: number }> },
  loads: StickyLoads,
): Route {
  // Any other policy has put them in an order of its own.
  if (route.policy !== 'ordered') return route
  const weightOf = (deployment: string) => catalog.deployments.get(deployment)?.weight ?? 1
  const hops = route.hops.map((hop, i) => stickHop(hop, prefix, i === 0 ? loads : null, weightOf))
  return { ...route, hops }
}

function stickHop(hop: Hop, prefix: string, loads: StickyLoads | null, weightOf: (deployment: string) => number): Hop {
  if (hop.deployments.length < 2) return hop
  const order = rendezvousOrder(hop.deployments, prefix, weightOf)
  if (loads === null) return { ...hop, deployments: order }
  const total = 1 + order.reduce((sum, { id }) => sum + loads.of(id), 0)
  const weights = order.reduce((sum, { id }) => sum + weightOf(id), 0)
  const hasRoom = ({ id }: RoutedDeployment) =>
    loads.of(id) + 1 <= Math.max(SLACK_JOBS, (1 + SLACK) * total * (weightOf(id) / weights))
  const first = order.find(hasRoom) ?? order[0]!
  loads.add(first.id)
  return { ...hop, deployments: [first, ...order.filter((one) => one !== first)] }
}

/** The highest first. A deployment of twice the weight comes first for twice as many prefixes. */
export function rendezvousOrder<T extends { id: string }>(
  deployments: readonly T[],
  prefix: string,
  weightOf: (deployment: string) => number,
): T[] {
  const scores = new Map(deployments.map((one) => [one, score(one.id, prefix, weightOf(one.id))]))
  return deployments.toSorted((a, b) => scores.get(b)! - scores.get(a)!)
}

function score(deployment: string, prefix: string, weight: number): number {
  const hash = createHash('sha256').update(`${prefix} ${deployment}`).digest().readUIntBE(0, 6)
  return -weight / Math.log((hash + 1) / (2 ** 48 + 1))
}
