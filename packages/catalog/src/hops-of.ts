import type { Hop, Tier } from '@switchyard/contract/job'
import type { Included } from './judge-candidate.ts'
import { laneOf } from './lane-of.ts'

/** The hops of groups that are tried one after the other: of each a hop for each lane, in the order in which the lanes first appear. */
export function hopsOf(groups: readonly (readonly Included[])[], tier: Tier): Hop[] {
  const hops: Hop[] = []
  for (const group of groups) {
    const first = hops.length
    for (const { deployment, drop } of group) {
      const lane = laneOf(deployment, tier)
      const routed = { id: deployment.name, drop }
      const hop = hops.find((made, i) => i >= first && made.lane === lane)
      if (hop === undefined) hops.push({ lane, deployments: [routed] })
      else hop.deployments.push(routed)
    }
  }
  return hops
}

/** A ranking as groups: neighbours of one lane stay together, which saves a job that falls back a delivery. */
export function lanesInTurn(ranking: readonly Included[], tier: Tier): Included[][] {
  const groups: Included[][] = []
  let last = ''
  for (const included of ranking) {
    const lane = laneOf(included.deployment, tier)
    if (lane === last) groups.at(-1)!.push(included)
    else groups.push([included])
    last = lane
  }
  return groups
}
