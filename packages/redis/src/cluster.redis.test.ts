import { randomUUID } from 'node:crypto'
import calculateSlot from 'cluster-key-slot'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { checkPolicy, memoryShare } from './check-policy.ts'
import { type ConnectionRole, connectRedis, disconnectRedis, type RedisClient } from './connect.ts'
import { type Command, pipelineBySlot, scriptCommand } from './pipeline.ts'
import { defineScript } from './script.ts'
import { eventually } from './testing/eventually.ts'
import { startOwnCluster } from './testing/own-cluster.ts'
import type { OwnRedis } from './testing/own-redis.ts'

const NODES = 3

function incr(key: string): Command {
  return { key, command: 'incr', args: [key] }
}

describe('a cluster', { timeout: 20_000 }, () => {
  let nodes: OwnRedis[]
  const open: RedisClient[] = []
  beforeAll(async () => {
    nodes = await startOwnCluster()
  }, 30_000)
  afterEach(() => Promise.all(open.splice(0).map(disconnectRedis)))
  afterAll(() => Promise.all(nodes.map((node) => node.remove())))

  async function connect(role: ConnectionRole): Promise<RedisClient> {
    const redis = await connectRedis(nodes[0]!.url, { role, name: 'cluster-test' })
    open.push(redis)
    return redis
  }

  function ownerOf(key: string): number {
    return Math.floor((calculateSlot(key) * NODES) / 16_384)
  }

  /** A key in a slot of that node. */
  function keyOf(node: number): string {
    for (;;) {
      const key = `{${randomUUID()}}`
      if (ownerOf(key) === node) return key
    }
  }

  async function idOf(node: OwnRedis): Promise<string> {
    return String(await node.ask('CLUSTER', 'MYID'))
  }

  /** The slot of a key is on its way from one node to another; there is nothing in it. */
  async function beginMove(key: string, from: OwnRedis, to: OwnRedis): Promise<void> {
    await to.ask('CLUSTER', 'SETSLOT', calculateSlot(key), 'IMPORTING', await idOf(from))
    await from.ask('CLUSTER', 'SETSLOT', calculateSlot(key), 'MIGRATING', await idOf(to))
  }

  async function endMove(key: string, to: OwnRedis): Promise<void> {
    for (const node of [to, ...nodes.filter((other) => other !== to)]) {
      await node.ask('CLUSTER', 'SETSLOT', calculateSlot(key), 'NODE', await idOf(to))
    }
  }

  it('is refused when one of its nodes evicts, and as full as the fullest of them', async () => {
    const redis = await connect('producer')
    for (const node of nodes) {
      await checkPolicy(redis)
      await node.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      await expect(checkPolicy(redis)).rejects.toMatchObject({ code: 'service_unavailable' })
      await node.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')

      const used = Number(/used_memory:(\d+)/.exec(String(await node.ask('INFO', 'memory')))![1])
      await node.ask('CONFIG', 'SET', 'maxmemory', used * 2)
      expect(await memoryShare(redis)).toBeGreaterThan(0.4)
      await node.ask('CONFIG', 'SET', 'maxmemory', 0)
    }
    expect(await memoryShare(redis)).toBe(0)
  })

  it('runs every command of a pipeline once while a slot has just moved', async () => {
    const redis = await connect('producer')
    const script = defineScript('test', `-- ${randomUUID()}\nreturn redis.call('INCRBY', KEYS[1], 10)`)
    const [moved, ...others] = [keyOf(0), keyOf(0), keyOf(1), keyOf(2)]
    await pipelineBySlot(redis, others.map(incr))
    await beginMove(moved!, nodes[0]!, nodes[2]!)
    await endMove(moved!, nodes[2]!)
    const replies = await pipelineBySlot(redis, [
      incr(others[0]!),
      incr(moved!),
      scriptCommand(script, [moved!], []),
      incr(others[1]!),
      incr(moved!),
      incr(others[2]!),
    ])
    expect(replies).toEqual([2, 1, 11, 2, 12, 2].map((value) => ({ error: null, value })))
    await redis.del(moved!)
    await beginMove(moved!, nodes[2]!, nodes[0]!)
    await endMove(moved!, nodes[0]!)
  })

  it('keeps the order of what it sends again', async () => {
    const redis = await connect('producer')
    const [moved, other] = [keyOf(1), keyOf(1)]
    await beginMove(moved, nodes[1]!, nodes[2]!)
    await endMove(moved, nodes[2]!)
    const push = (key: string, index: number): Command => ({ key, command: 'rpush', args: [key, index] })
    await pipelineBySlot(
      redis,
      Array.from({ length: 60 }, (_, index) => push(index % 7 === 0 ? other : moved, index)),
    )
    const pushed = await redis.lrange(moved, 0, -1)
    expect(pushed).toEqual([...Array(60).keys()].filter((index) => index % 7 > 0).map(String))
    await redis.del(moved)
    await beginMove(moved, nodes[2]!, nodes[1]!)
    await endMove(moved, nodes[1]!)
  })

  it('runs every command of a pipeline once while a slot is on its way', async () => {
    const redis = await connect('producer')
    const [moving, other] = [keyOf(0), keyOf(0)]
    const [source, target] = [nodes[0]!, nodes[1]!]
    await beginMove(moving, source, target)
    // The key is not there (any more), so the old node answers ASK.
    const replies = await pipelineBySlot(redis, [incr(other), incr(moving), incr(other), incr(moving)])
    expect(replies).toEqual([1, 1, 2, 2].map((value) => ({ error: null, value })))
    await endMove(moving, target)
    expect(await redis.get(moving)).toBe('2')
    await redis.del(moving)
    await beginMove(moving, target, source)
    await endMove(moving, source)
  })

  it('with a node that hangs, fails a producer within a second for what is there, and serves the rest', async () => {
    const redis = await connect('producer')
    const keys = [keyOf(0), keyOf(1), keyOf(2)]
    nodes[1]!.pause()
    const since = performance.now()
    const replies = await pipelineBySlot(redis, keys.map(incr))
    const tookMs = performance.now() - since
    nodes[1]!.resume()
    expect(replies.map(({ value }) => value ?? null)).toEqual([1, null, 1])
    expect(replies[1]!.error).toBeInstanceOf(Error)
    expect(tookMs).toBeLessThan(1_500)
    await eventually(async () => expect(await redis.exists(keys[1]!)).toBeLessThan(2))
  })

  it('with a node that is down, fails a producer within a second, and works again by itself', async () => {
    const redis = await connect('producer')
    const key = keyOf(2)
    await redis.set(key, 'kept')
    await nodes[2]!.kill()
    const since = performance.now()
    await expect(redis.get(key)).rejects.toThrow()
    const tookMs = performance.now() - since
    await nodes[2]!.start()
    expect(tookMs).toBeLessThan(1_500)
    await eventually(async () => expect(await redis.get(key)).toBe('kept'))
  })

  it('that is down as a whole fails a producer within a second and lets a consumer wait', async () => {
    const [producer, consumer] = [await connect('producer'), await connect('consumer')]
    const [key, other] = [keyOf(2), keyOf(0)]
    await nodes[2]!.kill()
    const state = async () => String(await nodes[0]!.ask('CLUSTER', 'INFO'))
    await eventually(async () => expect(await state()).toContain('cluster_state:fail'), 10_000)
    const since = performance.now()
    const [reply] = await pipelineBySlot(producer, [incr(other)])
    const tookMs = performance.now() - since
    const waiting = Promise.all([
      pipelineBySlot(consumer, [incr(key), incr(other), incr(key)]),
      consumer.set(`{${key}}:single`, 'kept'),
    ])
    await nodes[2]!.start()
    expect(reply!.error).toBeInstanceOf(Error)
    expect(tookMs).toBeLessThan(1_500)
    const [replies, single] = await waiting
    expect([...replies.map(({ value }) => value), single]).toEqual([1, 1, 2, 'OK'])
    await eventually(async () => expect(await producer.get(key)).toBe('2'))
  })
})
