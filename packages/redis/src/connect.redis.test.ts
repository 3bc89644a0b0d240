import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, disconnectRedis, isClusterClient, type RedisClient } from './connect.ts'
import { eventually } from './testing/eventually.ts'
import { type OwnRedis, startOwnRedis } from './testing/own-redis.ts'
import { SERVERS } from './testing/servers.ts'

/** Nobody listens there: the port is reserved. */
const NOWHERE = 'redis://127.0.0.1:1'

const open: RedisClient[] = []

async function disconnectAll(): Promise<void> {
  await Promise.all(open.splice(0).map(disconnectRedis))
}
afterEach(disconnectAll)

async function connect(
  url: string,
  role: 'producer' | 'consumer' = 'producer',
  name = 'connect-test',
): Promise<RedisClient> {
  const redis = await connectRedis(url, { role, name })
  open.push(redis)
  return redis
}

async function msOf(work: Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work.catch(() => {})
  return performance.now() - since
}

describe.each(SERVERS)('connectRedis to %s', (_name, url, isCluster) => {
  it('finds out by itself what it speaks to, and can be used at once', async () => {
    const redis = await connect(url)
    expect(isClusterClient(redis)).toBe(isCluster)
    const keys = Array.from({ length: 20 }, () => `connect-test:${randomUUID()}`)
    await Promise.all(keys.map((key) => redis.set(key, key, 'EX', 60)))
    expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys)
  })
})

describe('connectRedis', () => {
  it('rejects with the reason of the network where nobody answers', async () => {
    const connecting = connectRedis(NOWHERE, { role: 'producer', name: 'connect-test' })
    await expect(connecting).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('asks the next node of a cluster where the first is down', async () => {
    const cluster = SERVERS.find(([, , isCluster]) => isCluster)!
    const redis = await connect(`${NOWHERE},${cluster[1]}`)
    expect(isClusterClient(redis)).toBe(true)
    expect(await redis.ping()).toBe('PONG')
  })

  it('rejects with what the server says against it', async () => {
    const server = await startOwnRedis()
    await server.ask('CONFIG', 'SET', 'requirepass', 'secret')
    const connecting = connectRedis(server.url.replace('//', '//:wrong@'), { role: 'producer', name: 'connect-test' })
    await expect(connecting).rejects.toThrow(/WRONGPASS/)
    await server.remove()
  })
})

describe('a connection', () => {
  let server: OwnRedis
  beforeEach(async () => {
    server = await startOwnRedis()
  })
  afterEach(async () => {
    await disconnectAll()
    await server.remove()
  })

  it('bears its name, and is gone after disconnectRedis, which is safe twice', async () => {
    const name = `named-${randomUUID()}`
    const redis = await connect(server.url, 'consumer', name)
    expect(await server.connections()).toEqual([name])
    await disconnectRedis(redis)
    await disconnectRedis(redis)
    await eventually(async () => expect(await server.connections()).toEqual([]))
    await expect(redis.get('any')).rejects.toThrow()
  })

  it('uses the database of its URL', async () => {
    const redis = await connect(`${server.url}/3`)
    await redis.set('there', 1)
    expect(await (await connect(server.url)).exists('there')).toBe(0)
    expect(await (await connect(`${server.url}/3`)).exists('there')).toBe(1)
  })

  it('of a producer fails within a second while the server hangs, and works again by itself', async () => {
    const redis = await connect(server.url)
    server.pause()
    const tookMs = await msOf(expect(redis.set('a', 1)).rejects.toThrow(/timed out/))
    server.resume()
    expect(tookMs).toBeLessThan(1_500)
    await eventually(async () => expect(await redis.get('b')).toBeNull())
  })

  it('of a producer does not take for silence that its own process did not get on', async () => {
    const redis = await connect(server.url)
    const answer = redis.blpop(`connect-test:${randomUUID()}`, 0.5)
    // Looked at, and not answered yet.
    await new Promise((resolve) => setTimeout(resolve, 250))
    // Behind what is read in this turn and before the timers of the next.
    await new Promise((resolve) => setImmediate(resolve))
    for (const until = performance.now() + 1_200; performance.now() < until; );
    expect(await answer).toBeNull()
  })

  it('of a producer fails at once while the server is down, and works again by itself', async () => {
    const redis = await connect(server.url)
    await server.kill()
    const tookMs = await msOf(expect(redis.set('a', 1)).rejects.toThrow())
    expect(tookMs).toBeLessThan(1_000)
    expect(await msOf(expect(redis.get('a')).rejects.toThrow())).toBeLessThan(100)
    await server.start()
    await eventually(async () => expect(await redis.get('a')).toBeNull())
  })

  it('of a producer does not send again what a broken connection left unanswered', async () => {
    const redis = await connect(server.url)
    await redis.set('count', 0)
    server.pause()
    const unanswered = expect(redis.incr('count')).rejects.toThrow()
    const tookMs = await msOf(Promise.all([unanswered, server.kill()]))
    expect(tookMs).toBeLessThan(500)
    await server.start()
    await eventually(async () => expect(await redis.get('count')).toBe('0'))
    await eventually(async () => expect(await redis.incr('count')).toBe(1))
  })

  it('of a consumer waits for a server that hangs', async () => {
    const redis = await connect(server.url, 'consumer')
    server.pause()
    const answers: string[] = []
    const waiting = redis.set('a', 1).then((answer) => answers.push(answer))
    // Longer than a producer waits.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(answers).toEqual([])
    server.resume()
    await waiting
    expect(answers).toEqual(['OK'])
  })

  it('of a consumer waits for a server that is down, and sends again', async () => {
    const redis = await connect(server.url, 'consumer')
    let tries = 0
    redis.on('reconnecting', () => tries++)
    server.pause()
    const unanswered = redis.set('a', 1)
    await server.kill()
    const waiting = Promise.all([unanswered, redis.get('a')])
    await eventually(() => expect(tries).toBeGreaterThan(2))
    await server.start()
    expect(await waiting).toEqual(['OK', '1'])
  })
})
