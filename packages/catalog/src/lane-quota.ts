import type { Tier } from '@switchyard/contract/job'
import type { Catalog } from './catalog.ts'
import { laneOf } from './lane-of.ts'

/** What the deployments of a lane allow together; null: some of them allow any number. */
export interface LaneQuota {
  startsPerSecond: number | null
  tokensPerSecond: number | null
}

/** Batch work leaves this part of a quota to others (design.md §5). */
const BATCH_SHARE = 0.85
const TIERS: readonly Tier[] = ['interactive', 'batch']

/** Every lane of the catalog with its quota. */
export function laneQuotas({ deployments }: Catalog): Map<string, LaneQuota> {
  const quotas = new Map<string, LaneQuota>()
  for (const tier of TIERS) {
    for (const deployment of deployments.values()) {
      const share = tier === 'batch' ? BATCH_SHARE : 1
      const { rpm, tpm, itpm, otpm } = deployment.limits
      // Input and output apart: a job needs both, so their sum is more than can be used. It is an upper bound only.
      const tokensPerMinute = tpm ?? (itpm !== undefined && otpm !== undefined ? itpm + otpm : undefined)
      const lane = laneOf(deployment, tier)
      const before = quotas.get(lane) ?? { startsPerSecond: 0, tokensPerSecond: 0 }
      quotas.set(lane, {
        startsPerSecond: add(before.startsPerSecond, rpm, share),
        tokensPerSecond: add(before.tokensPerSecond, tokensPerMinute, share),
      })
    }
  }
  return quotas
}

function add(sum: number | null, perMinute: number | undefined, share: number): number | null {
  return sum === null || perMinute === undefined ? null : sum + (perMinute * share) / 60
}
