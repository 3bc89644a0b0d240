import { BrokerError } from '@switchyard/contract/broker-error'
import { isClusterClient, type RedisClient } from './connect.ts'

const OLDEST_MAJOR = 7

/** Refuses a server that may evict keys (jobs would vanish) or that is too old. Asks every master of a cluster. */
export async function checkPolicy(redis: RedisClient): Promise<void> {
  const nodes = isClusterClient(redis) ? redis.nodes('master') : [redis]
  for (const node of nodes) {
    const info = await node.info()
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
    if (policy !== 'noeviction') {
      throw new BrokerError(
        'service_unavailable',
        `Redis evicts keys (maxmemory-policy ${policy}); accepted jobs would be lost. Set maxmemory-policy noeviction.`,
      )
    }
    if (Number(version.split('.')[0]) < OLDEST_MAJOR) {
      throw new BrokerError('service_unavailable', `Redis ${version} is too old; 7.0 or a Valkey is needed.`)
    }
  }
}

/** How full Redis is: used / maxmemory, 0 where no maximum is set; the fullest node of a cluster counts. */
export async function memoryShare(redis: RedisClient): Promise<number> {
  return fullestShare(redis, ({ used, max }) => (max > 0 ? used / max : 0))
}

/** Like `memoryShare`, but where no maximum is set half of the server's machine counts as one: what Redis should not outgrow. */
export async function memoryUse(redis: RedisClient): Promise<number> {
  return fullestShare(redis, ({ used, max, machine }) => used / (max || machine / 2 || Number.POSITIVE_INFINITY))
}

/** Bytes, of every master: used, the most that it may use (0: no maximum), and what its machine has. */
export interface NodeMemory {
  used: number
  max: number
  machine: number
}

export async function readMemory(redis: RedisClient): Promise<NodeMemory[]> {
  const nodes = isClusterClient(redis) ? redis.nodes('master') : [redis]
  return Promise.all(
    nodes.map(async (node) => {
      const info = await node.info('memory')
      const read = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
      return { used: read('used_memory'), max: read('maxmemory'), machine: read('total_system_memory') }
    }),
  )
}

async function fullestShare(redis: RedisClient, share: (memory: NodeMemory) => number): Promise<number> {
  return Math.max(0, ...(await readMemory(redis)).map(share))
}
