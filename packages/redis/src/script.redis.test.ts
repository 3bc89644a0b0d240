import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, disconnectRedis, type RedisClient } from './connect.ts'
import { defineScript, runScript, type Script } from './script.ts'
import { startOwnRedis } from './testing/own-redis.ts'
import { SERVERS } from './testing/servers.ts'

/** One that no server has seen. */
function newScript(lua: string): Script {
  return defineScript('test', `-- ${randomUUID()}\n${lua}`)
}

describe.each(SERVERS)('runScript on %s', (_name, url) => {
  let redis: RedisClient
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'producer', name: 'script-test' })
  })
  afterAll(() => disconnectRedis(redis))

  it('runs a script that the server does not know, once', async () => {
    const script = newScript(`return { redis.call('INCR', KEYS[1]), ARGV[1] }`)
    for (let run = 1; run <= 3; run++) {
      // Each key may be on a node that has not seen it yet.
      const key = `script-test:${randomUUID()}`
      expect(await runScript(redis, script, [key], ['given'])).toEqual([1, 'given'])
      expect(await runScript(redis, script, [key], [Buffer.from('ünï')])).toEqual([2, 'ünï'])
      await redis.del(key)
    }
  })

  it.each([
    ['text with every sign of ASCII', Buffer.from(Array.from({ length: 128 }, (_, i) => i))],
    ['bytes that are no text', Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x0d, 0x0a])],
    ['a large body', Buffer.alloc(40_000, 'abc')],
    ['nothing', Buffer.alloc(0)],
  ])('hands over %s as it is', async (_what, bytes) => {
    const key = `script-test:${randomUUID()}`
    const script = newScript(`redis.call('SET', KEYS[1], ARGV[2]) return ARGV[1] .. #ARGV[2]`)
    expect(await runScript(redis, script, [key], ['ü', bytes])).toBe(`ü${bytes.length}`)
    expect((await redis.getBuffer(key))?.equals(bytes)).toBe(true)
    await redis.del(key)
  })

  it('passes on what the script itself complains of, and does not run it a second time', async () => {
    const key = `script-test:${randomUUID()}`
    const script = newScript(`redis.call('INCR', KEYS[1]) return redis.error_reply('ERR NOSCRIPT is not the matter')`)
    // The second time the server knows the script.
    for (let run = 1; run <= 2; run++) {
      await expect(runScript(redis, script, [key], [])).rejects.toThrow('ERR NOSCRIPT is not the matter')
      expect(await redis.get(key)).toBe(String(run))
    }
    await redis.del(key)
  })
})

describe('runScript', () => {
  it('heals by itself after SCRIPT FLUSH', async () => {
    const server = await startOwnRedis()
    const redis = await connectRedis(server.url, { role: 'producer', name: 'script-test' })
    const script = newScript(`return redis.call('INCR', KEYS[1])`)
    expect(await runScript(redis, script, ['n'], [])).toBe(1)
    await server.ask('SCRIPT', 'FLUSH')
    expect(await runScript(redis, script, ['n'], [])).toBe(2)
    expect(await server.ask('SCRIPT', 'EXISTS', script.sha)).toEqual([1])
    await disconnectRedis(redis)
    await server.remove()
  })
})
