import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { jobKeys } from './keys.ts'
import { LivePublisher } from './live-publisher.ts'
import { LogWriter } from './log-writer.ts'
import { parseEntries, type RawEntry } from './read-events.ts'
import { startLossyProxy } from './testing/lossy-proxy.ts'
import { newSpec } from './testing/new-spec.ts'
import { SERVERS } from './testing/servers.ts'

/** A log that a claim under fence 1 has just marked. */
async function newLog(redis: RedisClient) {
  const { id } = newSpec()
  const { events } = jobKeys(id)
  await redis.xadd(events, '1-0', 'n', 0)
  let fenced = 0
  const writer = new LogWriter(redis, new LivePublisher(redis))
  const log = writer.open(id, { fence: 1, nextSeq: 0, readers: [], onFenced: () => fenced++ })
  return {
    id,
    events,
    log,
    fenced: () => fenced,
    raw: async () => (await redis.xrange(events, '(1-0', '+')) as RawEntry[],
  }
}

describe.each(SERVERS)('LogWriter on %s', (_name, url) => {
  let redis: RedisClient
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'log-writer' })
  })
  afterAll(() => disconnectRedis(redis))

  it('makes one entry of what a job has pending, each line an event', async () => {
    const { log, raw } = await newLog(redis)
    for (const line of ['{"n":0}', '', '{"n":2}']) void log.append(line)
    await log.flushed()
    void log.append('{"n":3}')
    await log.flushed()
    expect(await raw()).toEqual([
      ['1-3', ['d', '{"n":0}\n\n{"n":2}']],
      ['1-4', ['d', '{"n":3}']],
    ])
    expect(parseEntries(await raw()).map(({ seq, data }) => [seq, data])).toEqual([
      [0, '{"n":0}'],
      [1, ''],
      [2, '{"n":2}'],
      [3, '{"n":3}'],
    ])
  })

  it('keeps a line with a line end in it one event', async () => {
    const { log, raw } = await newLog(redis)
    void log.append('{"a":\n1}')
    void log.append('{"b":2}')
    await log.flushed()
    expect(parseEntries(await raw()).map(({ data }) => data)).toEqual(['{"a": 1}', '{"b":2}'])
  })

  it('bounds an entry at 64 KB and loses nothing for it', async () => {
    const { log, raw } = await newLog(redis)
    const lines = [...Array.from({ length: 30 }, (_, n) => `${n}`.padEnd(10_000, 'x')), 'y'.repeat(100_000), 'z']
    for (const line of lines) void log.append(line)
    await log.flushed()
    const entries = await raw()
    expect(parseEntries(entries).map(({ data }) => data)).toEqual(lines)
    expect(entries.map(([, [, data]]) => data!.length <= 64 * 1024 || data === lines[30])).not.toContain(false)
    expect(entries.length).toBeLessThan(10)
  })

  it('refuses for good once a newer owner has written, and tells once', async () => {
    const { log, events, raw, fenced } = await newLog(redis)
    await redis.xadd(events, '2-0', 'n', 0)
    void log.append('{"late":1}')
    await log.flushed()
    expect(log.append('{"late":2}')).toBeUndefined()
    await log.flushed()
    expect([fenced(), log.refused, (await raw()).length]).toEqual([1, true, 1])
  })

  it('refuses where the log is gone', async () => {
    const { log, events, fenced } = await newLog(redis)
    await redis.del(events)
    void log.append('{"late":1}')
    await log.flushed()
    expect([fenced(), await redis.exists(events)]).toEqual([1, 0])
  })

  it('flushes at once where it must: before any later command of the same connection', async () => {
    const { log, events } = await newLog(redis)
    // From now on the server knows the script: its text need not be sent after its hash.
    void log.append('{"first":1}')
    await log.flushNow()
    void log.append('{"last":1}')
    const stored = log.flushNow()
    const last = redis.xrevrange(events, '+', '-', 'COUNT', 1)
    expect((await last)[0]?.[0]).toBe('1-2')
    await stored
  })

  it('flushes at once beside a flush of others, and keeps the order of its own rows', async () => {
    const { log, raw } = await newLog(redis)
    for (let n = 0; n < 20; n++) {
      void log.append(`${n}`)
      if (n % 3 === 0) void log.flushNow()
      if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await log.flushNow()
    expect(parseEntries(await raw()).map(({ data }) => Number(data))).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  it('lets what continues an answer rest after a flush, and neither the beginning of another nor an end', async () => {
    const flushes: number[] = []
    const endless = { leastMs: 60_000, mostMs: 60_000, share: 0, calmMs: 0 }
    const writer = new LogWriter(redis, new LivePublisher(redis), (_, rows) => flushes.push(rows), endless)
    const open = async () => {
      const { id } = newSpec()
      await redis.xadd(jobKeys(id).events, '1-0', 'n', 0)
      return writer.open(id, { fence: 1, nextSeq: 0, readers: [], onFenced: () => {} })
    }
    const [one, other, late] = [await open(), await open(), await open()]
    const start = { start: { deployment: 'd', simulated: true, dropped: [] } }
    void one.append('{"n":0}', start)
    void other.append('{"n":0}', start)
    await vi.waitUntil(() => flushes.length === 1)
    void one.append('{"n":1}')
    await vi.waitUntil(() => flushes.length === 2)
    void one.append('{"n":2}')
    void other.append('{"n":1}')
    void late.append('{"n":0}', start)
    await vi.waitUntil(() => flushes.length === 3)
    expect([flushes, one.hasRows, other.hasRows, late.hasRows]).toEqual([[2, 1, 1], true, true, false])
    void one.append('{"n":3}')
    await Promise.all([one.flushed(), other.flushNow()])
    expect(parseEntries((await redis.xrange(one.eventsKey, '(1-0', '+')) as RawEntry[])).toHaveLength(4)
    late.abandon()
  })

  it('drops what waits when its owner gives it up', async () => {
    const { log, raw, fenced } = await newLog(redis)
    void log.append('{"n":0}')
    log.abandon()
    await log.flushed()
    expect(log.append('{"n":1}')).toBeUndefined()
    expect([await raw(), fenced()]).toEqual([[], 0])
  })
})

describe('LogWriter whose answer is lost', () => {
  const [, url] = SERVERS[0]!

  it('goes on: the row was stored, what came after it follows', async () => {
    const proxy = await startLossyProxy(url)
    const redis = await connectRedis(proxy.url, { role: 'consumer', name: 'log-writer-lossy' })
    try {
      const { log, raw, fenced } = await newLog(redis)
      void log.append('{"n":0}')
      await log.flushed()
      for (let n = 1; n < 30; n += 3) {
        const lost = proxy.loseNextReply()
        void log.append(`{"n":${n}}`)
        await lost
        void log.append(`{"n":${n + 1}}`)
        void log.append(`{"n":${n + 2}}`)
        await log.flushed()
      }
      expect(fenced()).toBe(0)
      expect(parseEntries(await raw()).map(({ seq, data }) => [seq, data])).toEqual(
        Array.from({ length: 31 }, (_, n) => [n, `{"n":${n}}`]),
      )
    } finally {
      await disconnectRedis(redis)
      await proxy.stop()
    }
  })
})
