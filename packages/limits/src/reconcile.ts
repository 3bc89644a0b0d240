import type { Usage } from '@switchyard/contract/usage'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, scriptCommand } from '@switchyard/redis/pipeline'
import { type Arg, runScript } from '@switchyard/redis/script'
import { limitArg, limitArgs, whole } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

export interface EndedLease {
  lease: string
  /** null: the call never reached the provider. */
  actual: Usage | null
  /** What its answer said of the provider's windows. */
  stated?: StatedWindows
}

/** Of each window what was said; what was not is not there. */
export type StatedWindows = Partial<
  Record<'requests' | 'tokens' | 'inputTokens' | 'outputTokens', { limit?: number; remaining?: number }>
>

/** In the order of `DIMENSIONS`. */
const WINDOWS = ['requests', 'tokens', 'inputTokens', 'outputTokens'] as const

/**
 * Ends a reservation: its place is free, its tokens become what was really used. Fewer are given back where they were taken, more
 * are taken now. `null`: the call never reached the provider, everything is given back (also a slot that was only booked), and the
 * lease may reserve anew.
 *
 * What the answer said of the windows is learnt: a limit below the catalog's is taken, and what a window held beyond what we had counted
 * when the call was granted is others', who use the same credential. What failures lowered (`narrow`) comes back with every success.
 *
 * Takes effect once for a lease, so its name is the effect's id: a repeat, a late one, or one for a lease that was never granted changes
 * nothing. A lease that ran out before still gets its tokens corrected.
 */
export async function reconcile(
  redis: RedisClient,
  deployment: string,
  limits: DeploymentLimits,
  lease: string,
  actual: Usage | null,
  clock?: LimiterClock,
): Promise<void> {
  await runScript(redis, scripts.reconcile, limiterKeys(deployment), reconcileArgs(limits, [{ lease, actual }], clock))
}

/** `reconcile` of some leases of one deployment, in order, as one command for a pipeline. At most a hundred keep Redis busy for 0.5 ms. */
export function reconcileCommand(
  deployment: string,
  limits: DeploymentLimits,
  ended: EndedLease[],
  clock?: LimiterClock,
): Command {
  return scriptCommand(scripts.reconcile, limiterKeys(deployment), reconcileArgs(limits, ended, clock))
}

function reconcileArgs(limits: DeploymentLimits, ended: EndedLease[], clock: LimiterClock | undefined): Arg[] {
  const args: Arg[] = [...clockArgs(clock), ...limitArgs(limits), ended.length]
  for (const { lease } of ended) args.push(lease)
  for (const { actual } of ended) {
    args.push(actual ? 1 : 0, whole(actual?.inputTokens ?? 0), whole(actual?.outputTokens ?? 0))
  }
  // The latest says it all.
  const last = ended.findLastIndex(({ stated }) => stated !== undefined)
  args.push(last + 1)
  for (const window of WINDOWS) {
    const { limit = 0, remaining = -1 } = ended[last]?.stated?.[window] ?? {}
    args.push(limit, remaining)
  }
  args.push(limitArg(limits.inFlight))
  return args
}
