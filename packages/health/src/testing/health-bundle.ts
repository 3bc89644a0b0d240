import { randomUUID } from 'node:crypto'
import { type ConnectionRole, connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { healthKeys } from '../keys.ts'

const SERVERS = { 'one Redis': 'TEST_REDIS_URL', 'a cluster': 'TEST_REDIS_CLUSTER' }

/** For `describe.each`: the suites hold on one server and on a cluster. Missing servers fail them. */
export const EACH_REDIS: readonly (readonly [string, string])[] = Object.entries(SERVERS).map(([name, variable]) => {
  const url = process.env[variable]
  if (!url) throw new Error(`${variable} is not set: these tests need a real Redis`)
  return [name, url]
})

export interface HealthBundle {
  redis: RedisClient
  prefix: string
  connect(role: ConnectionRole): Promise<RedisClient>
  /** Stops it before the connections go. */
  stopLater(stoppable: { stop(): Promise<void> }): void
  close(): Promise<void>
}

/** A fleet's health that nobody else sees. */
export async function openHealth(url: string): Promise<HealthBundle> {
  const prefix = `sy:{health-${randomUUID()}}`
  const connections: RedisClient[] = []
  const stoppables: { stop(): Promise<void> }[] = []
  async function connect(role: ConnectionRole): Promise<RedisClient> {
    const redis = await connectRedis(url, { role, name: 'health-test' })
    connections.push(redis)
    return redis
  }
  const redis = await connect('consumer')
  return {
    redis,
    prefix,
    connect,
    stopLater: (stoppable) => stoppables.push(stoppable),
    async close() {
      await Promise.all(stoppables.map((each) => each.stop()))
      const [breakers, seen] = healthKeys(prefix)
      await redis.del(breakers, seen)
      await Promise.all(connections.map(disconnectRedis))
    },
  }
}
