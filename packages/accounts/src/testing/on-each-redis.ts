import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe } from 'vitest'

const SERVERS = { 'one Redis': 'TEST_REDIS_URL', 'a cluster': 'TEST_REDIS_CLUSTER' }

/** For tests: the same suite against one server and against a cluster, named by the environment. Missing servers fail the tests. */
export function onEachRedis(suite: (redis: () => RedisClient) => void): void {
  describe.each(Object.entries(SERVERS))('on %s', (_name, variable) => {
    let client: RedisClient
    beforeAll(async () => {
      const url = process.env[variable]
      if (!url) throw new Error(`${variable} is not set`)
      client = await connectRedis(url, { role: 'consumer', name: 'test' })
    })
    afterAll(() => disconnectRedis(client))
    suite(() => client)
  })
}
