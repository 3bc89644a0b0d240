import { BrokerError } from '@switchyard/contract/broker-error'
import type { Tier } from '@switchyard/contract/job'

/** Where a job runs alone after it took two workers down with it (design.md §3). */
export const SUSPECT_LANE = 'suspect'

const BATCH = 'batch'
// No dot: it parts the name. No colon and no brace: they part keys and mark the hash tag.
const PART = /^[A-Za-z0-9_-]{1,64}$/

export interface LaneParts {
  modelClass: string
  provider: string
  tier: Tier
}

/**
 * The lane of a model class at a provider: `frontier.anthropic`, its batch work beside it: `frontier.anthropic.batch`.
 * Throws `invalid_value` for a class or provider name that can't be part of a lane's name.
 */
export function laneName(modelClass: string, provider: string, tier: Tier): string {
  for (const part of [modelClass, provider]) {
    if (!PART.test(part)) {
      throw new BrokerError('invalid_value', `"${part}" can't name a lane: letters, digits, _ and - only, at most 64`)
    }
  }
  return tier === BATCH ? `${modelClass}.${provider}.${BATCH}` : `${modelClass}.${provider}`
}

/** The parts of a lane's name; null for the suspect lane and for anything that is no lane's name. */
export function parseLaneName(lane: string): LaneParts | null {
  const [modelClass, provider, tier, ...rest] = lane.split('.')
  if (modelClass === undefined || provider === undefined || rest.length > 0) return null
  if (!PART.test(modelClass) || !PART.test(provider)) return null
  if (tier === undefined) return { modelClass, provider, tier: 'interactive' }
  return tier === BATCH ? { modelClass, provider, tier: BATCH } : null
}

/** The lane of the same class and provider as `lane` in the tier of `like`; `lane` as it is where one of them has no tier. */
export function inTierOf(like: string, lane: string): string {
  const [model, parts] = [parseLaneName(like), parseLaneName(lane)]
  return model && parts ? laneName(parts.modelClass, parts.provider, model.tier) : lane
}
