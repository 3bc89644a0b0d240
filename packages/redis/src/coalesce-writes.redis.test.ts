import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTogether } from './coalesce-writes.ts'
import { connectRedis, disconnectRedis, type RedisClient } from './connect.ts'
import { type OwnRedis, startOwnRedis } from './testing/own-redis.ts'

const ROUNDS = 20

describe('the writes of one connection', () => {
  let server: OwnRedis
  let redis: RedisClient
  let watcher: RedisClient
  beforeAll(async () => {
    server = await startOwnRedis()
    redis = await connectRedis(server.url, { role: 'producer', name: 'writes' })
    watcher = await connectRedis(server.url, { role: 'producer', name: 'writes-watcher' })
  })
  afterAll(async () => {
    await Promise.all([redis, watcher].map(disconnectRedis))
    await server.remove()
  })

  async function readsByServer(): Promise<number> {
    return Number(/total_reads_processed:(\d+)/.exec(await watcher.info('stats'))![1])
  }

  /** How often the server had to read what `send` wrote, each time on a quiet connection. */
  async function readsFor(send: () => Promise<unknown>): Promise<number> {
    const before = await readsByServer()
    for (let round = 0; round < ROUNDS; round++) {
      // Time alone makes it quiet.
      await sleep(2)
      await send()
    }
    // The last question is a read as well.
    return (await readsByServer()) - before - 1
  }

  it('are one for all commands of a turn after the first, which leaves at once', async () => {
    const reads = await readsFor(() => Promise.all([1, 2, 3, 4].map((n) => redis.incrby('n', n))))
    expect(reads).toBeLessThanOrEqual(2 * ROUNDS)
    expect(await redis.get('n')).toBe(String(10 * ROUNDS))
  })

  it('are one for commands that are to go together, those of the microtasks that follow among them', async () => {
    const reads = await readsFor(() => {
      writeTogether(redis)
      return Promise.all([redis.ping(), Promise.resolve().then(() => redis.ping())])
    })
    expect(reads).toBe(ROUNDS)
  })
})
