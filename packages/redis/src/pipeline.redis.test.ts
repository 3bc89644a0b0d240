import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, disconnectRedis, type RedisClient } from './connect.ts'
import { type Command, pipelineBySlot, scriptCommand } from './pipeline.ts'
import { defineScript } from './script.ts'
import { startOwnRedis } from './testing/own-redis.ts'
import { SERVERS } from './testing/servers.ts'

function newKeys(count: number): string[] {
  return Array.from({ length: count }, () => `pipeline-test:${randomUUID()}`)
}

function set(key: string, value: string | number): Command {
  return { key, command: 'set', args: [key, value, 'EX', 60] }
}

function get(key: string): Command {
  return { key, command: 'get', args: [key] }
}

describe.each(SERVERS)('pipelineBySlot on %s', (_name, url) => {
  let redis: RedisClient
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'producer', name: 'pipeline-test' })
  })
  afterAll(() => disconnectRedis(redis))

  it('gives every reply in the place of its command, whatever node it came from', async () => {
    const keys = newKeys(300)
    const written = await pipelineBySlot(redis, keys.map(set))
    expect(written).toEqual(keys.map(() => ({ error: null, value: 'OK' })))
    const read = await pipelineBySlot(redis, keys.map(get))
    expect(read.map(({ value }) => value)).toEqual(keys.map((_key, index) => String(index)))
  })

  it('keeps the order of the commands of one key', async () => {
    const [key] = newKeys(1)
    const commands = Array.from({ length: 50 }, (_, index) => [set(key!, index), get(key!)]).flat()
    const replies = await pipelineBySlot(redis, commands)
    expect(replies.filter((_reply, index) => index % 2 === 1).map(({ value }) => Number(value))).toEqual([
      ...Array(50).keys(),
    ])
  })

  it('lets each command fail by itself', async () => {
    const keys = newKeys(30)
    await pipelineBySlot(redis, keys.map(set))
    const replies = await pipelineBySlot(
      redis,
      keys.map((key, index) => (index % 3 === 0 ? { key, command: 'lpush', args: [key, 1] } : get(key))),
    )
    replies.forEach(({ error, value }, index) => {
      if (index % 3 === 0) expect(error?.message).toMatch(/^WRONGTYPE/)
      else expect({ error, value }).toEqual({ error: null, value: String(index) })
    })
  })

  it('heals scripts that a server does not know, each run once and in its place', async () => {
    const script = defineScript('test', `-- ${randomUUID()}\nreturn { redis.call('INCR', KEYS[1]), KEYS[1], ARGV[1] }`)
    const keys = newKeys(40)
    const commands = keys.flatMap((key, index) => [scriptCommand(script, [key], [index]), get(key)])
    const replies = await pipelineBySlot(redis, commands)
    expect(replies.map(({ error }) => error)).toEqual(commands.map(() => null))
    keys.forEach((key, index) => {
      expect(replies[2 * index]!.value).toEqual([1, key, String(index)])
    })
    await Promise.all(keys.map((key) => redis.expire(key, 60)))
  })

  it('does nothing for nothing', async () => {
    expect(await pipelineBySlot(redis, [])).toEqual([])
  })
})

describe('pipelineBySlot with the server away', () => {
  it('fails, as a whole or command by command, and does not hang', async () => {
    const server = await startOwnRedis()
    const redis = await connectRedis(server.url, { role: 'producer', name: 'pipeline-test' })
    await server.kill()
    const asked = pipelineBySlot(redis, newKeys(3).map(get))
    const errors = await asked.then(
      (replies) => replies.map(({ error }) => error),
      (error: Error) => [error],
    )
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toBeInstanceOf(Error)
    await disconnectRedis(redis)
    await server.remove()
  })
})
