import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { disconnectRedis, isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { ConnectionClosedError, QueueKeys, RedisConnection, RedisQueueBackend, type WorkerOptions } from 'bullmq'
import type { Allowance } from './allowance.ts'
import { calmLane } from './calm-lane.ts'
import type { LaneKeys } from './keys.ts'
import { HIGHEST_PRIORITY } from './priority.ts'
import { wakeLane } from './wake-lane.ts'

/** BullMQ fetches again at once after an error that is not a lost connection (OOM, MISCONF, LOADING): that must not storm. */
const FETCH_ERROR_PAUSE_MS = 250

/** After a pause, or with all slots taken, the fetch that comes looks for itself. */
const CALM_MS = 100

/**
 * What a BullMQ Worker reaches Redis through: the process's shared connection, and a blocking one that is ours, so that it
 * can be ended whatever state it is in. ioredis never settles the commands of a client that is disconnected between two
 * attempts to connect, and BullMQ waits for them when it closes; here closing is always bounded.
 */
export class LaneBackend extends RedisQueueBackend {
  /** When a fetch last came back, with or without a delivery; `performance.now()`. */
  lastFetchAt: number = performance.now()
  readonly #redis: RedisClient
  readonly #blocking: RedisClient
  readonly #lane: LaneKeys
  readonly #allowance: Allowance
  readonly #lookForStalledEveryMs: number
  #ended = false
  #lookedForStalledAt = Number.NEGATIVE_INFINITY
  /** The fetch that comes is the first since a wait. */
  #woken = false
  /** Resolves to whether that fetch took the last delivery of the lane. */
  #calm: Promise<boolean> | null = null
  #abandonWait: ((error: Error) => void) | null = null

  constructor(redis: RedisClient, lane: LaneKeys, allowance: Allowance, name: string, options: WorkerOptions) {
    const blocking = duplicateForBlocking(redis, `${options.prefix}:${name}`)
    const keys = new QueueKeys(options.prefix)
    super(
      new RedisConnection(redis, { shared: true, blocking: false, skipVersionCheck: true, skipWaitingForReady: true }),
      name,
      keys.getKeys(name),
      (type) => keys.toKey(name, type),
      options,
      new RedisConnection(blocking, { blocking: true, skipVersionCheck: true, clusterReconnectTimeoutMs: 2_000 }),
    )
    this.#redis = redis
    this.#blocking = blocking
    this.#lane = lane
    this.#allowance = allowance
    this.#lookForStalledEveryMs = (options.stalledInterval ?? 0) / 2
  }

  override async moveToActive(token: string, name?: string): ReturnType<RedisQueueBackend['moveToActive']> {
    if (this.#ended || (await this.#tookLast()) || !this.#allowance.take()) return []
    try {
      const fetched = await super.moveToActive(token, name)
      this.lastFetchAt = performance.now()
      if (fetched[0]) this.#allowance.used()
      else this.#allowance.giveBack()
      if (this.#woken && fetched[0]) this.#calm = this.#calmSoon()
      this.#woken = false
      return fetched
    } catch (error) {
      this.#allowance.giveBack()
      await sleep(FETCH_ERROR_PAUSE_MS)
      throw error
    }
  }

  /**
   * BullMQ sets the marker again with each delivery that it hands out, for others to look whether there are more. The Worker that
   * got it looks too, finds nothing, waits, is woken by that marker and looks once more: for a lane with one delivery three
   * commands for nothing, in front of those that the delivery waits for.
   */
  async #tookLast(): Promise<boolean> {
    const calm = this.#calm
    this.#calm = null
    return calm !== null && performance.now() - this.lastFetchAt < CALM_MS && (await calm)
  }

  /** What is put off has had its turn: at its moment it goes next. The priority that it was added with may mean another place by then. */
  override moveToDelayed(
    ...[jobId, timestamp, delay, token, options]: Parameters<RedisQueueBackend['moveToDelayed']>
  ): ReturnType<RedisQueueBackend['moveToDelayed']> {
    const fieldsToUpdate = { ...options?.fieldsToUpdate, priority: HIGHEST_PRIORITY }
    return super.moveToDelayed(jobId, timestamp, delay, token, { ...options, fieldsToUpdate })
  }

  /** Behind what the handler of the delivery asks first. */
  async #calmSoon(): Promise<boolean> {
    await nextTurn()
    return calmLane(this.#redis, this.#lane).catch(() => false)
  }

  /** The next delivery comes with the end of one only where it need not be counted. */
  override moveToCompleted(
    ...[job, value, remove, token, fetchNext]: Parameters<RedisQueueBackend['moveToCompleted']>
  ): ReturnType<RedisQueueBackend['moveToCompleted']> {
    return super.moveToCompleted(job, value, remove, token, fetchNext && this.#allowance.isUnlimited)
  }

  /** BullMQ looks for abandoned deliveries with every resume too; a lane with little quota is paused and resumed all the time. */
  override async moveStalledJobsToWait(): Promise<string[]> {
    if (performance.now() - this.#lookedForStalledAt < this.#lookForStalledEveryMs) return []
    this.#lookedForStalledAt = performance.now()
    return super.moveStalledJobsToWait()
  }

  override waitForJob(seconds: number): ReturnType<RedisQueueBackend['waitForJob']> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new ConnectionClosedError())
      this.#abandonWait = reject
      this.#woken = true
      super.waitForJob(seconds).then(resolve, reject)
    })
  }

  /** The Worker does this first when it closes: its fetch ends now. What may have woken it goes to another consumer. */
  override async disconnectBlocking(): Promise<void> {
    this.#ended = true
    this.#abandonWait?.(new ConnectionClosedError())
    await endSockets(this.#blocking)
    // Not waited for: with Redis away nobody can be woken, and those who come back look by themselves.
    wakeLane(this.#redis, this.#lane).catch(() => {})
  }

  override async reconnectBlocking(): Promise<void> {
    if (!this.#ended) await super.reconnectBlocking()
  }

  override async close(): Promise<void> {
    // Forced where it is still trying to connect; a second disconnect of an ended one would leave a timer of 2 s.
    await super.close(this.#blocking.status !== 'end')
  }
}

/** Resolves when the server has let go of them too, so that it wakes nobody through them any more; 500 ms at most. */
async function endSockets(client: RedisClient): Promise<void> {
  const open = (isClusterClient(client) ? client.nodes() : [client]).filter(({ status }) => status === 'ready')
  const ended = Promise.all(open.map((each) => new Promise((resolve) => each.once('end', resolve))))
  await disconnectRedis(client)
  await Promise.race([ended, sleep(500, undefined, { ref: false })])
}

/** It connects at once: BullMQ gives up for good on a lazy one whose first attempt fails. */
function duplicateForBlocking(redis: RedisClient, connectionName: string): RedisClient {
  const duplicate = isClusterClient(redis)
    ? redis.duplicate(undefined, {
        lazyConnect: false,
        // Moves are noticed by the answer to the blocking command; each look at the slots costs a connection.
        slotsRefreshInterval: 30_000,
        redisOptions: { ...redis.options.redisOptions, connectionName },
      })
    : redis.duplicate({ lazyConnect: false, connectionName })
  // BullMQ forwards its errors; this one keeps late ones from throwing after it let go of the connection.
  duplicate.on('error', () => {})
  return duplicate
}
