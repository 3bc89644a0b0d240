import type { Tier } from '@switchyard/contract/job'
import type { Deployment } from './catalog.ts'

/** The lane of a deployment: `frontier.anthropic`, and beside it `frontier.anthropic.batch` (design.md §1). */
export function laneOf(deployment: Deployment, tier: Tier): string {
  const lane = `${deployment.class}.${deployment.provider.name}`
  return tier === 'batch' ? `${lane}.batch` : lane
}
