import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, disconnectRedis, isClusterClient, type RedisClient } from './connect.ts'
import { pipelineBySlot } from './pipeline.ts'
import { publishCommand } from './publish.ts'
import { subscribe } from './subscribe.ts'
import { eventually } from './testing/eventually.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('subscribe on %s', (_name, url) => {
  let redis: RedisClient
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'producer', name: 'publisher' })
  })
  afterAll(() => disconnectRedis(redis))

  async function listen(): Promise<{
    channel: string
    name: string
    heard: string[]
    ready: number
    stop(): Promise<void>
  }> {
    const [channel, name] = [`test:{${randomUUID()}}`, `subscriber-${randomUUID()}`]
    const subscriber = await connectRedis(url, { role: 'subscriber', name })
    const listening = { channel, name, heard: [] as string[], ready: 0, stop: () => disconnectRedis(subscriber) }
    await subscribe(
      subscriber,
      channel,
      (message) => listening.heard.push(message),
      () => listening.ready++,
    )
    return listening
  }

  /** How many connections heard it. */
  async function publish(channel: string, ...messages: string[]): Promise<unknown[]> {
    const replies = await pipelineBySlot(
      redis,
      messages.map((message) => publishCommand(channel, message)),
    )
    return replies.map(({ value }) => value)
  }

  /** Cuts every connection that listens to sharded channels under this name, as a network would. */
  async function cut(name: string): Promise<number> {
    const nodes = isClusterClient(redis) ? redis.nodes('master') : [redis]
    const killed = nodes.map(async (node) => {
      const listeners = String(await node.client('LIST', 'TYPE', 'PUBSUB'))
        .split('\n')
        .filter((line) => line.includes(`${name} `))
      for (const line of listeners) await node.client('KILL', 'ID', Number(/id=(\d+)/.exec(line)![1]))
      return listeners.length
    })
    return (await Promise.all(killed)).reduce((sum, count) => sum + count, 0)
  }

  it('hears what is published once it resolved, in order, and of its channel alone', async () => {
    const one = await listen()
    const other = await listen()
    expect(one.ready).toBe(1)
    expect(await publish(one.channel, 'a', 'b', 'c')).toEqual([1, 1, 1])
    await publish(other.channel, 'x')
    await eventually(() => expect([one.heard, other.heard]).toEqual([['a', 'b', 'c'], ['x']]))
    await Promise.all([one.stop(), other.stop()])
    await eventually(async () => expect(await publish(one.channel, 'late')).toEqual([0]))
  })

  it('listens again after its connection was cut, and says so once it does', async () => {
    const one = await listen()
    for (let cuts = 1; cuts <= 2; cuts++) {
      const readyBefore = one.ready
      one.heard.length = 0
      expect(await cut(one.name)).toBe(1)
      await eventually(() => expect(one.ready).toBeGreaterThan(readyBefore), 8_000)
      // From the moment on that it says so nothing is missed.
      expect(await publish(one.channel, 'again')).toEqual([1])
      await eventually(() => expect(one.heard).toEqual(['again']))
    }
    await one.stop()
  })
})
