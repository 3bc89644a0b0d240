import { DIMENSIONS } from '@switchyard/limits/dimensions'
import { hasLimits } from '@switchyard/limits/limit-config'
import { snapshot } from '@switchyard/limits/observe'
import type { MetricsSnapshot, Series } from '@switchyard/telemetry/metric-registry'
import { MOST_LOOKED_AT, type Reading } from './reading.ts'

/** Where the limiter of every limited deployment stands: one script each, all sent at once. */
export async function readLimits({ redis, catalog }: Reading): Promise<MetricsSnapshot> {
  const limited = [...catalog().deployments.values()].filter(({ limits }) => hasLimits(limits)).slice(0, MOST_LOOKED_AT)
  const found = await Promise.all(limited.map(({ name, limits }) => snapshot(redis, name, limits)))
  const limit: Series[] = []
  const remaining: Series[] = []
  const inFlight: Series[] = []
  const booked: Series[] = []
  const until: Series[] = []
  limited.forEach(({ name }, i) => {
    const seen = found[i]!
    const { limits } = seen
    for (const dimension of DIMENSIONS) {
      const most = limits[dimension]
      if (most === undefined) continue
      limit.push([[name, dimension], most])
      remaining.push([[name, dimension], seen.available[dimension] ?? 0])
    }
    if (limits.inFlight !== undefined) {
      limit.push([[name, 'in_flight'], limits.inFlight])
      remaining.push([[name, 'in_flight'], Math.max(0, limits.inFlight - seen.inFlight)])
    }
    inFlight.push([[name], seen.inFlight])
    booked.push([[name], seen.booked])
    until.push([[name], (seen.limitedUntilMs ?? 0) / 1_000])
  })
  return {
    switchyard_limit: limit,
    switchyard_limit_remaining: remaining,
    switchyard_calls_in_flight: inFlight,
    switchyard_slots_booked: booked,
    switchyard_limited_until_timestamp_seconds: until,
  }
}
