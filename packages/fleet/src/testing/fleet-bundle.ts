import { randomUUID } from 'node:crypto'
import { type ConnectionRole, connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { fleetKeys, leadKey } from '../keys.ts'
import type { WorkerFacts } from '../member.ts'

/** The roles that tests lead in. */
const ROLES = ['sweeper', 'prober'] as const

export interface FleetBundle {
  prefix: string
  errors: Error[]
  onError: (error: Error) => void
  connect(role: ConnectionRole): Promise<RedisClient>
  /** Stops it before the connections go. */
  stopLater(stoppable: { stop(): Promise<void> }): void
  close(): Promise<void>
}

/** A fleet that nobody else is in, and its connections. */
export async function openFleet(url: string): Promise<FleetBundle> {
  const prefix = `sy:{fleet-${randomUUID()}}`
  const errors: Error[] = []
  const connections: RedisClient[] = []
  const stoppables: { stop(): Promise<void> }[] = []

  async function connect(role: ConnectionRole): Promise<RedisClient> {
    const redis = await connectRedis(url, { role, name: 'fleet-test' })
    connections.push(redis)
    return redis
  }

  return {
    prefix,
    errors,
    onError: (error) => errors.push(error),
    connect,
    stopLater: (stoppable) => stoppables.push(stoppable),
    async close() {
      await Promise.all(stoppables.map((each) => each.stop()))
      const redis = await connect('producer')
      const { members, expiries } = fleetKeys(prefix)
      await redis.del(members, expiries, ...ROLES.map((role) => leadKey(role, prefix)))
      await Promise.all(connections.map(disconnectRedis))
    },
  }
}

export function someFacts(...deployments: string[]): WorkerFacts {
  return {
    deployments: deployments.map((id) => ({ id, simulated: id.startsWith('simulated'), credential: 'resolved' })),
    catalogRevision: 'r1',
    startedAtMs: 1_790_000_000_000,
    pid: 1,
    host: 'here',
  }
}
