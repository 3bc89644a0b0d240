import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Jobs } from './jobs.ts'
import { endedKey } from './keys.ts'
import { pageEnded } from './page-ended.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('the ended jobs on %s', (_, url) => {
  let redis: RedisClient
  let added: [key: string, jobId: string][]
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'producer', name: 'page-ended' })
    added = []
  })
  afterEach(async () => {
    await Promise.all(added.map(([key, jobId]) => redis.zrem(key, jobId)))
    await disconnectRedis(redis)
  })

  /** Long ago, when no job of another test ended. */
  async function end(partition: number, ended: [jobId: string, atMs: number][]): Promise<void> {
    const key = endedKey(partition)
    added.push(...ended.map(([jobId]): [string, string] => [key, jobId]))
    await redis.zadd(key, ...ended.flatMap(([jobId, atMs]) => [atMs, jobId]))
  }
  const many = (name: string, count: number, atMs: (i: number) => number) =>
    Array.from({ length: count }, (_, i): [string, number] => [`${name}${i}`, atMs(i)])

  it('come a page at a time, the oldest first, each partition at its own pace', async () => {
    await end(
      3,
      many('a', 150, (i) => 1_000 + i),
    )
    await end(
      9,
      many('b', 2, (i) => 2_000 + i),
    )
    const pages = pageEnded({ redis } as Jobs)
    const first = await pages.next(5_000)
    expect(first.filter((id) => id.startsWith('a'))).toEqual(many('a', 100, () => 0).map(([id]) => id))
    expect(first.filter((id) => id.startsWith('b'))).toEqual(['b0', 'b1'])
    const second = await pages.next(5_000)
    // The last one's ms is asked for again, as another may have ended in it.
    expect(second).toEqual(
      many('a', 150, () => 0)
        .map(([id]) => id)
        .slice(99),
    )
    expect(await pages.next(5_000)).toEqual([])
  })

  it('are those up to a moment; later ones come with a later page', async () => {
    await end(0, [
      ['now', 1_000],
      ['later', 1_001],
    ])
    const pages = pageEnded({ redis } as Jobs)
    expect(await pages.next(1_000)).toEqual(['now'])
    expect(await pages.next(1_001)).toEqual(['later'])
  })

  it('are not stopped at by more in one ms than make a page', async () => {
    await end(5, [...many('a', 120, () => 1_000), ['next', 1_001]])
    const pages = pageEnded({ redis } as Jobs)
    await pages.next(5_000)
    await pages.next(5_000)
    expect(await pages.next(5_000)).toEqual(['next'])
    pages.rewind()
    expect(await pages.next(5_000)).toHaveLength(100)
  })
})
