import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { limiterKeys } from './keys.ts'
import { clockArgs, type LimiterClock } from './limiter-clock.ts'
import { scripts } from './scripts.ts'

/** A place in flight is given up this long after its owner was last heard of. */
export const LEASE_MS = 30_000

const LEASES_PER_CALL = 1_000

/**
 * Extends leases that have not run out; the others stay out. One command for each deployment, in one pipeline.
 * Rejects when a deployment could not be reached, once all others are renewed.
 */
export async function renewLeases(
  redis: RedisClient,
  leases: { deployment: string; lease: string }[],
  clock?: LimiterClock & { leaseMs?: number },
): Promise<void> {
  const commands: Command[] = []
  for (const [deployment, group] of Map.groupBy(leases, (held) => held.deployment)) {
    for (let i = 0; i < group.length; i += LEASES_PER_CALL) {
      const names = group.slice(i, i + LEASES_PER_CALL).map(({ lease }) => lease)
      const args = [...clockArgs(clock), clock?.leaseMs ?? LEASE_MS, ...names]
      commands.push(scriptCommand(scripts.renew, limiterKeys(deployment), args))
    }
  }
  const replies = await pipelineBySlot(redis, commands)
  const failed = replies.find(({ error }) => error)
  if (failed) throw failed.error
}
