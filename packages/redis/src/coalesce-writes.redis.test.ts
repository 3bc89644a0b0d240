import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { writeTogether } from './coalesce-writes.ts'
import { connectRedis, disconnectRedis, type RedisClient } from './connect.ts'
import { type OwnRedis, startOwnRedis } from './testing/own-redis.ts'

const ROUNDS = 20
const COMMANDS = 20

describe('the writes of one connection', () => {
  let server: OwnRedis
  let redis: RedisClient
  beforeAll(async () => {
    server = await startOwnRedis()
    redis = await connectRedis(server.url, { role: 'producer', name: 'writes' })
  })
  afterAll(async () => {
    await disconnectRedis(redis)
    await server.remove()
  })

  /** How many writes the socket made of what `send` sent, each time on a quiet connection. */
  async function writesFor(send: () => Promise<unknown>): Promise<number> {
    const { stream } = redis as unknown as { stream: Socket }
    const one = vi.spyOn(stream, '_write')
    const several = vi.spyOn(stream, '_writev' as '_write')
    for (let round = 0; round < ROUNDS; round++) {
      // Time alone makes it quiet.
      await sleep(2)
      await send()
    }
    const writes = one.mock.calls.length + several.mock.calls.length
    one.mockRestore()
    several.mockRestore()
    return writes
  }

  it('are one for all commands of a turn after the first, which leaves at once', async () => {
    const writes = await writesFor(() => Promise.all(Array.from({ length: COMMANDS }, () => redis.incr('n'))))
    expect(writes).toBeGreaterThanOrEqual(2 * ROUNDS)
    // A process that is put aside within a turn finds its connection quiet again: some more on a busy machine, not all.
    expect(writes).toBeLessThan((COMMANDS / 4) * ROUNDS)
    expect(await redis.get('n')).toBe(String(COMMANDS * ROUNDS))
  })

  it('are one for commands that are to go together, those of the microtasks and ticks that follow among them', async () => {
    const writes = await writesFor(() => {
      writeTogether(redis)
      const inATick = new Promise((resolve) => process.nextTick(() => resolve(redis.ping())))
      return Promise.all([redis.ping(), Promise.resolve().then(() => redis.ping()), inATick])
    })
    expect(writes).toBe(ROUNDS)
  })
})
