import { randomUUID } from 'node:crypto'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { beforeEach, describe, expect, it } from 'vitest'
import { prefixCountsKey, prefixNetsKey } from './keys.ts'
import { bookPrefixesCommand, SEEN_WINDOW_MS, sightPrefixes } from './prefixes.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const NOW = 1_790_000_100_000

onEachRedis((redis) => {
  let project: string
  beforeEach(() => {
    project = `proj_${randomUUID()}`
  })

  const sight = (digests: string[], models: string[] = [], atMs = NOW) =>
    sightPrefixes(redis(), project, digests, models, atMs)
  const seen = async (digests: string[], atMs = NOW) =>
    (await sight(digests, [], atMs)).prefixes.map((facts) => facts.seen)
  async function book(prefix: string, model: string, savedNanoUsd: number, atMs = NOW) {
    const [reply] = await pipelineBySlot(redis(), [
      bookPrefixesCommand(project, [{ prefix, model, savedNanoUsd }], atMs),
    ])
    expect(reply!.error).toBeNull()
  }

  describe('prefixes', () => {
    it('counts jobs that begin alike, those of one call too', async () => {
      expect(await seen(['a', 'b', 'a'])).toEqual([1, 1, 2])
      expect(await seen(['b', 'c'])).toEqual([2, 1])
    })

    it('counts for a window and the one before it, and then no more', async () => {
      await seen(['a'])
      expect(await seen(['a'], NOW + SEEN_WINDOW_MS)).toEqual([2])
      expect(await seen(['a'], NOW + 3 * SEEN_WINDOW_MS)).toEqual([1])
      const window = Math.floor(NOW / SEEN_WINDOW_MS)
      expect(await redis().pttl(prefixCountsKey(project, window))).toBeGreaterThan(SEEN_WINDOW_MS)
    })

    it('keeps projects apart', async () => {
      await seen(['a'])
      project = `proj_${randomUUID()}`
      expect(await seen(['a'])).toEqual([1])
    })

    it('sums what caches saved, by prefix and by model', async () => {
      await book('a', 'm', -2_500)
      await book('a', 'm', 9_000.4)
      await book('b', 'm', -2_500)
      const { prefixes, models } = await sight(['a', 'b', 'c'], ['m', 'other'])
      expect(prefixes.map(({ net }) => net)).toEqual([
        { calls: 2, savedNanoUsd: 6_500 },
        { calls: 1, savedNanoUsd: -2_500 },
        { calls: 0, savedNanoUsd: 0 },
      ])
      expect(models).toEqual([
        { calls: 3, savedNanoUsd: 4_000 },
        { calls: 0, savedNanoUsd: 0 },
      ])
      expect(await redis().pttl(prefixNetsKey(project, Math.floor(NOW / 3_600_000)))).toBeGreaterThan(3_600_000)
    })

    it('remembers no more than so many, and still counts those it knows', async () => {
      const many = Array.from({ length: 10_000 }, (_, i) => `d${i}`)
      for (let at = 0; at < many.length; at += 1_000) await seen(many.slice(at, at + 1_000))
      expect(await seen(['one too many', 'd7'])).toEqual([1, 2])
      expect(await seen(['one too many'])).toEqual([1])
      expect(await redis().hlen(prefixCountsKey(project, Math.floor(NOW / SEEN_WINDOW_MS)))).toBe(10_000)
    })
  })
})
