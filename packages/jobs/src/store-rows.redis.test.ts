import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { subscribe } from '@switchyard/redis/subscribe'
import { eventually } from '@switchyard/redis/testing/eventually'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobKeys, liveChannel } from './keys.ts'
import { decodeFrames } from './live-frame.ts'
import { LivePublisher } from './live-publisher.ts'
import type { LogRow } from './log-row.ts'
import { type RowOutcome, rowStore, type StoreRows } from './store-rows.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('rowStore on %s', (_name, url) => {
  const readers = ['a', 'b'].map((name) => `${name}-${Math.random().toString(36).slice(2)}`) as [string, string]
  /** Of each reader: the messages that it got, each as the data of its frames. */
  const heard: string[][][] = [[], []]
  let redis: RedisClient
  let store: StoreRows
  let subscribers: RedisClient[]

  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'store-rows' })
    store = rowStore(redis, new LivePublisher(redis))
    subscribers = await Promise.all(
      readers.map(async (reader, i) => {
        const subscriber = await connectRedis(url, { role: 'subscriber', name: 'store-rows-sub' })
        const onMessage = (message: string) => {
          const frames: string[] = []
          decodeFrames(message, ({ data }) => frames.push(data))
          heard[i]!.push(frames)
        }
        await subscribe(subscriber, liveChannel(reader), onMessage, () => {})
        return subscriber
      }),
    )
  })
  afterAll(async () => {
    for (const client of [redis, ...subscribers]) await disconnectRedis(client)
  })

  async function row(data: string, audience: string[], { marked = 1 as number | null, fence = 1 } = {}) {
    const { id } = newSpec()
    const { events } = jobKeys(id)
    if (marked !== null) await redis.xadd(events, `${marked}-0`, 'n', 0)
    const log = { jobId: id, fence, eventsKey: events, audience }
    const made: LogRow = { log, seq: 0, count: 1, data, note: null, closed: true, unsure: false }
    return made
  }
  /** As a writer does: what may or may not have been stored is sent once more. */
  async function storeForSure(rows: LogRow[]): Promise<RowOutcome[]> {
    const outcomes = await store(rows)
    const unsure = rows.filter((_, i) => outcomes[i] === 'again').map((it) => ({ ...it, unsure: true }))
    const known = unsure.length > 0 ? await store(unsure) : []
    return outcomes.map((outcome) => (outcome === 'again' ? known.shift()! : outcome))
  }
  const lastId = async ({ log }: LogRow) => (await redis.xrevrange(log.eventsKey, '+', '-', 'COUNT', 1))[0]?.[0]

  it('stores rows of many jobs and tells each reader of its own in one message, without what was refused', async () => {
    const [a, b] = readers
    const rows = [
      await row('for a', [a]),
      await row('for nobody', []),
      await row('gone', [a], { marked: null }),
      await row('ünï for both', [b, a]),
      await row('fenced', [a, b], { marked: 2 }),
    ]
    expect(await storeForSure(rows)).toEqual(['stored', 'stored', 'refused', 'stored', 'refused'])
    expect(await Promise.all(rows.map(lastId))).toEqual(['1-1', '1-1', undefined, '1-1', '2-0'])
    await eventually(() => expect(heard).toEqual([[['for a', 'ünï for both']], [['ünï for both']]]))
  })

  it('knows a repeat, and what a newer owner has done since', async () => {
    const stored = await row('once', [])
    expect(await store([stored])).toEqual(['stored'])
    const repeat = { ...stored, unsure: true }
    expect(await store([repeat])).toEqual(['stored'])
    expect(await redis.xlen(stored.log.eventsKey)).toBe(2)
    await redis.xadd(stored.log.eventsKey, '2-0', 'n', 1)
    expect(await store([repeat])).toEqual(['stored'])
    expect(await store([{ ...stored, seq: 1, unsure: true }])).toEqual(['refused'])
  })

  it('takes any number of rows at once', async () => {
    const rows = await Promise.all(Array.from({ length: 600 }, (_, n) => row(`${n}`, [])))
    expect(new Set(await store(rows))).toEqual(new Set(['stored']))
    expect(new Set(await Promise.all(rows.map(lastId)))).toEqual(new Set(['1-1']))
  })
})
