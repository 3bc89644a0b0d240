import type { Usage } from '@switchyard/contract/usage'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { dimensionArgs } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

/**
 * Ends a reservation: its place is free, its tokens become what was really used. Fewer are given back where they were taken, more
 * are taken now. `null`: the call never reached the provider, everything is given back (also a slot that was only booked), and the
 * lease may reserve anew.
 *
 * Takes effect once for a lease, whatever effect brings it: a repeat, a late one, or one for a lease that was never granted changes
 * nothing. A lease that ran out before still gets its tokens corrected.
 */
export async function reconcile(
  redis: RedisClient,
  effectId: string,
  deployment: string,
  limits: DeploymentLimits,
  lease: string,
  actual: Usage | null,
  clock?: LimiterClock,
): Promise<void> {
  const [reply] = await pipelineBySlot(redis, [reconcileCommand(effectId, deployment, limits, lease, actual, clock)])
  if (reply!.error) throw reply!.error
}

/** `reconcile` as a command for a pipeline. */
export function reconcileCommand(
  effectId: string,
  deployment: string,
  limits: DeploymentLimits,
  lease: string,
  actual: Usage | null,
  clock?: LimiterClock,
): Command {
  return scriptCommand(scripts.reconcile, limiterKeys(deployment, lease), [
    ...clockArgs(clock),
    lease,
    effectId,
    actual ? 1 : 0,
    ...dimensionArgs(limits, {
      requests: actual ? 1 : 0,
      inputTokens: actual?.inputTokens ?? 0,
      outputTokens: actual?.outputTokens ?? 0,
    }),
  ])
}
