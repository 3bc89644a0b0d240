import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { checkPolicy, memoryShare } from './check-policy.ts'
import { connectRedis, disconnectRedis, type RedisClient } from './connect.ts'
import { type OwnRedis, startOwnRedis } from './testing/own-redis.ts'
import { SERVERS } from './testing/servers.ts'

describe.each(SERVERS)('%s as npm test starts it', (_name, url) => {
  it('is accepted, and has no maximum to be filled', async () => {
    const redis = await connectRedis(url, { role: 'producer', name: 'policy-test' })
    onTestFinished(() => disconnectRedis(redis))
    await checkPolicy(redis)
    expect(await memoryShare(redis)).toBe(0)
  })
})

describe('a server', () => {
  let server: OwnRedis
  let redis: RedisClient
  beforeAll(async () => {
    server = await startOwnRedis()
    redis = await connectRedis(server.url, { role: 'producer', name: 'policy-test' })
  })
  afterAll(async () => {
    await disconnectRedis(redis)
    await server.remove()
  })

  it.each(['allkeys-lru', 'volatile-ttl'])('that evicts (%s) is refused by the name of its policy', async (policy) => {
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', policy)
    await expect(checkPolicy(redis)).rejects.toMatchObject({
      code: 'service_unavailable',
      message: expect.stringContaining(`maxmemory-policy ${policy}`),
    })
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await checkPolicy(redis)
  })

  it('says how full it is', async () => {
    const used = Number(/used_memory:(\d+)/.exec(String(await server.ask('INFO', 'memory')))![1])
    await server.ask('CONFIG', 'SET', 'maxmemory', used * 4)
    expect(await memoryShare(redis)).toBeGreaterThan(0.2)
    expect(await memoryShare(redis)).toBeLessThan(0.3)
    await server.ask('CONFIG', 'SET', 'maxmemory', 0)
    expect(await memoryShare(redis)).toBe(0)
  })
})

it.each([
  ['6.2.14', /Redis 6\.2\.14 is too old/],
  ['7.0.0', null],
  ['10.1.0', null],
])('version %s', async (version, refusal) => {
  // There is no old server to be had here: something that answers every command with this.
  const info = `redis_version:${version}\r\nmaxmemory_policy:noeviction\r\n`
  const server = createServer((socket) => {
    socket.on('data', (data) => {
      const commands = data.toString().match(/^\*\d+\r$/gm) ?? []
      socket.write(commands.map(() => `$${info.length}\r\n${info}\r\n`).join(''))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const redis = await connectRedis(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    role: 'producer',
    name: 'policy-test',
  })
  const checked = checkPolicy(redis)
  if (refusal) await expect(checked).rejects.toThrow(refusal)
  else await checked
  await disconnectRedis(redis)
  server.close()
})
