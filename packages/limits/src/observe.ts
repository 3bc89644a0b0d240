import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { DIMENSIONS, type Dimension, limitArgs } from './dimensions.ts'
import { limiterKeys } from './keys.ts'
import type { DeploymentLimits } from './limit-config.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

export interface LimiterSnapshot {
  /** Calls whose lease has not run out. */
  inFlight: number
  /** Booked slots that have not lapsed. */
  booked: number
  /** The limits that hold now: those of the catalog, or less where the provider has taught so. */
  limits: DeploymentLimits
  /** What is left of each limited dimension in the current window; booked slots are not taken off. */
  available: Partial<Record<Dimension, number>>
  /** Epoch ms before which the provider wants no call, null when there is no such moment. */
  limitedUntilMs: number | null
}

/** Where a deployment's limiter stands. Changes nothing. */
export async function snapshot(
  redis: RedisClient,
  deployment: string,
  limits: DeploymentLimits,
  clock?: LimiterClock,
): Promise<LimiterSnapshot> {
  const [inFlight, booked, limitedUntil, places, ...each] = (await runScript(
    redis,
    scripts.snapshot,
    limiterKeys(deployment),
    [...clockArgs(clock), ...limitArgs(limits), 0],
  )) as [number, number, number, number, ...number[]]
  const limited = DIMENSIONS.filter((dimension) => limits[dimension] !== undefined)
  return {
    inFlight,
    booked,
    limits: {
      ...Object.fromEntries(limited.map((dimension, i) => [dimension, each[2 * i]!])),
      ...(limits.inFlight === undefined
        ? {}
        : { inFlight: places > 0 ? Math.min(places, limits.inFlight) : limits.inFlight }),
    },
    available: Object.fromEntries(limited.map((dimension, i) => [dimension, each[2 * i + 1]!])),
    limitedUntilMs: limitedUntil > 0 ? limitedUntil : null,
  }
}
