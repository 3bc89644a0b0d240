import { randomUUID } from 'node:crypto'
import { bookPrefixesCommand, SEEN_WINDOW_MS, sightPrefixes } from '@switchyard/accounts/prefixes'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PrefixWatch, startPrefixWatch } from './prefix-watch.ts'

let redis: RedisClient
beforeAll(async () => {
  redis = await connectRedis(process.env.TEST_REDIS_URL!, { role: 'producer', name: 'prefix-watch' })
})
afterAll(() => disconnectRedis(redis))

let project: string
let nowMs: number
let watches: PrefixWatch[]
beforeEach(() => {
  project = `proj_${randomUUID()}`
  nowMs = Date.now()
  watches = []
})
afterEach(() => {
  for (const watch of watches) watch.stop()
})

function start(): PrefixWatch {
  const watch = startPrefixWatch({
    redis,
    now: () => nowMs,
    onError: (error) => {
      throw error
    },
  })
  watches.push(watch)
  return watch
}

async function book(prefix: string, savedNanoUsd: number, calls = 1): Promise<void> {
  const one = { prefix, model: 'm', savedNanoUsd }
  const [reply] = await pipelineBySlot(redis, [bookPrefixesCommand(project, Array(calls).fill(one), nowMs)])
  expect(reply!.error).toBeNull()
}

describe('what recurs', () => {
  it('is known to this process at the second time, before Redis has said anything', () => {
    const watch = start()
    watch.sight(project, 'm', ['a', 'b'])
    expect(watch.recurs(project, 'a')).toBe(false)
    watch.sight(project, 'm', ['a', 'c'])
    expect(['a', 'b', 'c'].map((digest) => watch.recurs(project, digest))).toEqual([true, false, false])
    expect(watch.recurs('another project', 'a')).toBe(false)
  })

  it('is learnt from what other processes saw', async () => {
    await sightPrefixes(redis, project, ['a'], [], nowMs)
    const watch = start()
    watch.sight(project, 'm', ['a'])
    expect(watch.recurs(project, 'a')).toBe(false)
    await vi.waitFor(() => expect(watch.recurs(project, 'a')).toBe(true))
  })

  it('is forgotten when no cache would have it any more', () => {
    const watch = start()
    watch.sight(project, 'm', ['a'])
    nowMs += SEEN_WINDOW_MS + 1
    watch.sight(project, 'm', ['a'])
    expect(watch.recurs(project, 'a')).toBe(false)
  })
})

describe('what pays', () => {
  /** A watch that has learnt what is booked. */
  async function learnt(...digests: string[]): Promise<PrefixWatch> {
    const watch = start()
    await sightPrefixes(redis, project, digests, [], nowMs)
    watch.sight(project, 'm', digests)
    await vi.waitFor(() => expect(digests.every((digest) => watch.recurs(project, digest))).toBe(true))
    return watch
  }

  it('is everything of which nothing is known yet, and one that has not had its chance', async () => {
    expect(start().pays(project, 'm', 'a')).toBe(true)
    // As many as begin together, none of which could read what another one wrote.
    await book('a', -12_500, 15)
    expect((await learnt('a')).pays(project, 'm', 'a')).toBe(true)
  })

  it('is no more what was written again and again and read too little', async () => {
    await book('a', -12_500, 16)
    await book('b', -12_500, 12)
    await book('b', 45_000, 4)
    const watch = await learnt('a', 'b')
    expect([watch.pays(project, 'm', 'a'), watch.pays(project, 'm', 'b')]).toEqual([false, true])
  })

  it('is nothing new of a model whose prompts lose money, but what does pay there', async () => {
    for (let i = 0; i < 34; i++) await book(`once-${i}`, -12_500)
    await book('good', 45_000)
    const watch = await learnt('new', 'good')
    expect([watch.pays(project, 'm', 'new'), watch.pays(project, 'm', 'good')]).toEqual([false, true])
    expect(watch.pays(project, 'another model', 'new')).toBe(true)
  })
})
