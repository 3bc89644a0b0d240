import { expect, it } from 'vitest'
import { askRedis } from '../stack/ask-redis.ts'
import { processCommand } from '../stack/process-command.ts'
import { startTestServers } from './test-servers.ts'

it('starts a server and a cluster of three, and leaves nothing behind', async () => {
  const servers = await startTestServers(process.env.SWITCHYARD_REDIS_SERVER || 'redis-server')
  const [single, node] = [servers.url, servers.clusterUrl].map((url) => ({ port: Number(new URL(url).port) }))
  if (single === undefined || node === undefined) throw new Error('no servers')
  const pidOf = async (address: { port: number }) =>
    Number(/process_id:(\d+)/.exec(await askRedis(address, ['INFO', 'server']))?.[1])
  const pids = [await pidOf(single), await pidOf(node)]
  expect(await askRedis(single, ['SET', 'a', '1'])).toBe('OK')
  expect(await askRedis(single, ['INFO', 'memory'])).toContain('maxmemory_policy:noeviction')
  const shards = await askRedis(node, ['CLUSTER', 'NODES'])
  expect(shards.match(/master .* connected \d+-\d+/g)).toHaveLength(3)
  // `foo` is in slot 12182, the last node's.
  await expect(askRedis(node, ['GET', 'foo'])).rejects.toThrow(/^MOVED 12182/)
  await servers.stop()
  await servers.stop()
  expect(await Promise.all(pids.map(processCommand))).toEqual([undefined, undefined])
}, 30_000)
