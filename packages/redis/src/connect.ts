import { BrokerError } from '@switchyard/contract/broker-error'
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import { boundCommands } from './bound-commands.ts'
import { coalesceWrites } from './coalesce-writes.ts'

/** One server (Redis ≥ 7.0, Valkey) or a Redis Cluster; the same code runs on both. */
export type RedisClient = Redis | Cluster

/**
 * How a connection behaves when Redis is away.
 * `producer` fails fast: a caller waits for the answer and gets a 503 instead of a hang. A failed write is an unknown outcome.
 * `consumer` waits and sends again: running jobs settle once Redis is back. Every script is safe to repeat.
 * `subscriber` only listens.
 */
export type ConnectionRole = 'producer' | 'consumer' | 'subscriber'

const RETRY_CAP_MS = 1_000
const PRODUCER_TIMEOUT_MS = 900
const SOCKET_TIMEOUT_MS = 8_000

function retryDelay(times: number): number {
  return Math.min(times * 50, RETRY_CAP_MS)
}

function optionsFor(role: ConnectionRole, name: string): RedisOptions {
  const shared: RedisOptions = {
    connectionName: name,
    retryStrategy: retryDelay,
    connectTimeout: 2_000,
    // A master that has become a replica: go and find the new one, and say it again there.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
    // With a command on its way and no answer: the other side is gone without having said so. Nothing blocks longer than 2 s.
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 5_000,
    noDelay: true,
  }
  switch (role) {
    case 'producer':
      return {
        ...shared,
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        autoResendUnfulfilledCommands: false,
      }
    case 'consumer':
    case 'subscriber':
      return { ...shared, maxRetriesPerRequest: null }
  }
}

interface Address {
  host?: string
  port?: number
  path?: string
  username?: string
  password?: string
  db?: number
  tls?: Record<string, never>
}

/** `redis://`, `rediss://`, `unix:///path.sock`; several, separated by commas, are nodes of one cluster. */
export function parseRedisUrl(url: string): Address[] {
  return url.split(',').map((part) => {
    try {
      return addressOf(new URL(part.trim()))
    } catch (error) {
      if (BrokerError.is(error)) throw error
      // Without its cause: Node's error quotes the text, and with it the password.
      throw badUrl('is not a URL (of special characters in a password, write % as %25, @ as %40)')
    }
  })
}

function addressOf(parsed: URL): Address {
  const credentials = {
    ...(parsed.username && { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password && { password: decodeURIComponent(parsed.password) }),
  }
  if (parsed.protocol === 'unix:') return { path: decodeURIComponent(parsed.pathname), ...credentials }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw badUrl('must start with redis://, rediss:// or unix://')
  }
  const database = parsed.pathname.replaceAll('/', '')
  if (!/^\d{0,6}$/.test(database)) throw badUrl('ends with something that is no number of a database')
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port ? Number(parsed.port) : 6379,
    ...credentials,
    ...(Number(database) > 0 ? { db: Number(database) } : {}),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

function badUrl(reason: string): BrokerError {
  return new BrokerError('invalid_value', `REDIS_URL ${reason}`, { param: 'REDIS_URL' })
}

/** Asks the first server that answers; of several given nodes one may be down. */
async function isCluster(addresses: Address[]): Promise<boolean> {
  let refused: unknown
  for (const address of addresses) {
    try {
      return await askMode(address)
    } catch (error) {
      refused = error
    }
  }
  throw refused
}

async function askMode(address: Address): Promise<boolean> {
  const probe = new Redis({ ...address, lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null })
  // ioredis tells why as an event; its promise says only that the connection is closed.
  let reason: unknown
  probe.on('error', (error) => {
    reason = error
  })
  try {
    await probe.connect()
    return /cluster_enabled:1/.test(await probe.info('cluster'))
  } catch (error) {
    throw reason ?? error
  } finally {
    probe.disconnect()
  }
}

/**
 * Connects and waits until the connection is usable. Finds out by itself whether the server is part of a cluster.
 * Rejects with the network's error when the server can't be reached at all.
 */
export async function connectRedis(
  url: string,
  options: { role: ConnectionRole; name: string; onError?: (error: Error) => void },
): Promise<RedisClient> {
  const addresses = parseRedisUrl(url)
  const first = addresses[0]!
  const redisOptions = optionsFor(options.role, options.name)
  const client = (await isCluster(addresses))
    ? newCluster(addresses, redisOptions, options.role)
    : new Redis({ ...redisOptions, ...first, lazyConnect: true })
  client.on('error', options.onError ?? (() => {}))
  if (client instanceof Redis) {
    coalesceWrites(client)
    if (options.role === 'producer') boundCommands(client, PRODUCER_TIMEOUT_MS)
  }
  await connectOnce(client)
  return client
}

function newCluster(addresses: Address[], redisOptions: RedisOptions, role: ConnectionRole): Cluster {
  const { host: _host, port: _port, path: _path, ...auth } = addresses[0]!
  const { retryStrategy: _retry, enableOfflineQueue: _queue, ...perNode } = redisOptions
  const clusterOptions: ClusterOptions = {
    redisOptions: {
      ...auth,
      ...perNode,
      ...(role === 'producer' && { commandTimeout: PRODUCER_TIMEOUT_MS }),
    } as ClusterOptions['redisOptions'],
    clusterRetryStrategy: retryDelay,
    enableOfflineQueue: role !== 'producer',
    shardedSubscribers: role === 'subscriber',
    // Tried every 100 ms while a node is away: a producer gives up within its second, a consumer waits as on one server.
    maxRedirections: role === 'producer' ? 4 : Number.MAX_SAFE_INTEGER,
    slotsRefreshTimeout: 2_000,
    slotsRefreshInterval: 5_000,
    lazyConnect: true,
  }
  return new Cluster(
    addresses.map(({ host, port }) => ({ host: host ?? '127.0.0.1', port: port ?? 6379 })),
    clusterOptions,
  )
}

async function connectOnce(client: RedisClient): Promise<void> {
  await client.connect()
  if (client.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    client.once('ready', () => resolve())
    client.once('end', () => reject(new Error('Redis closed the connection')))
  })
}

export function isClusterClient(client: RedisClient): client is Cluster {
  return client instanceof Cluster
}

/** Closes at once; resolves when closed, at most half a second later. Safe twice. */
export async function disconnectRedis(client: RedisClient): Promise<void> {
  if (client.status === 'end') return
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
  client.disconnect()
  if (client.status !== ('end' as string)) await Promise.race([ended, new Promise((r) => setTimeout(r, 500).unref())])
}
