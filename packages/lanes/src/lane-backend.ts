import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { disconnectRedis, isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { ConnectionClosedError, QueueKeys, RedisConnection, RedisQueueBackend, type WorkerOptions } from 'bullmq'
import type { Allowance } from './allowance.ts'
import { type FetchAhead, fetchBehindWaits } from './fetch-ahead.ts'
import { type Fetched, type FetchedDelivery, fetchDelivery, finishDelivery, type Holder } from './fetch-delivery.ts'
import { type LaneKeys, queueName } from './keys.ts'
import type { LaneSettings } from './lane-settings.ts'
import { HIGHEST_PRIORITY } from './priority.ts'
import { wakeLane } from './wake-lane.ts'

export interface LaneBackendOptions {
  /** Shared. The blocking connection beside it is ours, so that it can be ended whatever state it is in. */
  redis: RedisClient
  lane: string
  keys: LaneKeys
  prefix: string
  settings: LaneSettings
  allowance: Allowance
  /** Hears of what a wait brought as soon as it is there, also where that is after the wait. */
  onDelivery: (delivery: FetchedDelivery) => void
  /** Of the connections. */
  onError: (error: Error) => void
}

/**
 * What a fetcher asks of Redis: our scripts where nothing is special about the lane, BullMQ's where something is, and for what they
 * alone can do. ioredis never settles the commands of a client that is disconnected between two attempts to connect, so nothing here
 * waits for them to end.
 */
export class LaneBackend extends RedisQueueBackend {
  readonly #redis: RedisClient
  readonly #blocking: RedisClient
  readonly #lane: LaneKeys
  /** One token for all its locks: a fetch behind a wait is sent before anybody knows what it takes. */
  readonly #holder: Holder
  readonly #ahead: FetchAhead | null
  #ended = false
  #abandonWait: ((error: Error) => void) | null = null

  constructor({ redis, lane, keys, prefix, settings, allowance, onDelivery, onError }: LaneBackendOptions) {
    const name = queueName(lane)
    const blocking = duplicateForBlocking(redis, `${prefix}:${name}`)
    const queueKeys = new QueueKeys(prefix)
    const options: WorkerOptions = {
      connection: redis,
      prefix,
      lockDuration: settings.lockDurationMs,
      stalledInterval: settings.stalledIntervalMs,
      // Crashes are counted on the job's record, and what they lead to is decided there.
      maxStalledCount: 1_000_000_000,
    }
    const waits = new RedisConnection(blocking, {
      blocking: true,
      skipVersionCheck: true,
      clusterReconnectTimeoutMs: 2_000,
    })
    super(
      new RedisConnection(redis, { shared: true, blocking: false, skipVersionCheck: true, skipWaitingForReady: true }),
      name,
      queueKeys.getKeys(name),
      (type) => queueKeys.toKey(name, type),
      options,
      waits,
    )
    // Without a look at the version BullMQ takes the server for one that waits for whole seconds only.
    waits.client.then(
      () => {
        waits.capabilities.canDoubleTimeout = true
      },
      () => {},
    )
    this.on('error', onError)
    this.#redis = redis
    this.#blocking = blocking
    this.#lane = keys
    this.#holder = { token: randomUUID(), lockDurationMs: settings.lockDurationMs }
    // On a cluster a command may move to another node between the two.
    this.#ahead = isClusterClient(blocking)
      ? null
      : fetchBehindWaits(
          blocking,
          () => (allowance.isUnlimited ? fetchDelivery(blocking, keys, this.#holder) : null),
          onDelivery,
        )
  }

  /** The next delivery, with a lock. */
  async fetch(): Promise<Fetched> {
    const fetched = await fetchDelivery(this.#redis, this.#lane, this.#holder)
    // BullMQ's script goes by this process's clock: where that is ahead of Redis', it alone sees that a delayed one is due.
    const isDue = fetched.kind === 'nothing' && fetched.nextAtMs !== undefined && fetched.nextAtMs <= Date.now()
    return fetched.kind === 'special' || isDue ? this.#fetchSpecially() : fetched
  }

  /** A lane that somebody paused or limited, or with delayed ones that are due. */
  async #fetchSpecially(): Promise<Fetched> {
    const [job, id, restMs = 0, nextAtMs = 0] = await this.moveToActive(this.#holder.token)
    if (job && id) return { kind: 'delivery', id, data: job.data, begun: job.attemptsStarted ?? 0, isLast: false }
    return {
      kind: 'nothing',
      isSpecial: true,
      ...(nextAtMs > 0 ? { nextAtMs } : {}),
      ...(restMs > 0 ? { restMs } : {}),
    }
  }

  /** Ends a delivery that is held. Gives what came in its place; null: nothing was asked for, or it was not ours any more. */
  async finish(id: string, fetchNext: boolean): Promise<Fetched | null> {
    const fetched = await finishDelivery(this.#redis, this.#lane, this.#holder, id, fetchNext)
    if (!fetchNext || fetched?.kind !== 'special') return fetchNext ? fetched : null
    // It has ended, whatever becomes of this look: the fetch that follows says what is wrong.
    return this.#fetchSpecially().catch((): Fetched => ({ kind: 'special' }))
  }

  /** What is put off has had its turn: at its moment it goes next. The priority that it was added with may mean another place by then. */
  async putOff(id: string, untilMs: number): Promise<void> {
    const nowMs = Date.now()
    await this.moveToDelayed(id, nowMs, Math.max(0, untilMs - nowMs), this.#holder.token, {
      skipAttempt: true,
      fieldsToUpdate: { priority: HIGHEST_PRIORITY },
    })
  }

  /** Gives those whose locks are lost. */
  renew(ids: string[]): Promise<string[]> {
    const { token, lockDurationMs } = this.#holder
    return this.extendLocks(
      ids,
      ids.map(() => token),
      lockDurationMs,
    )
  }

  /** Waits for a wake-up, `seconds` at most. Gives what the fetch behind it found; null: there was none, or it failed. */
  wait(seconds: number): Promise<Fetched | null> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new ConnectionClosedError())
      this.#abandonWait = reject
      this.#waitThenLook(seconds).then(resolve, reject)
    })
  }

  async #waitThenLook(seconds: number): Promise<Fetched | null> {
    try {
      await this.waitForJob(seconds)
    } catch (error) {
      // A blocking command that was given up on may have left its connection ended.
      await this.reconnectBlocking().catch(() => {})
      throw error
    }
    return (await this.#ahead?.settled()) ?? null
  }

  /** Somebody else is to look at the lane: we were woken and don't. Not waited for: with Redis away nobody can be woken. */
  wakeAnother(): void {
    wakeLane(this.#redis, this.#lane).catch(() => {})
  }

  /** Ends a wait now. What may have woken it goes to another consumer. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#ahead?.end(this.#redis)
    this.#abandonWait?.(new ConnectionClosedError())
    await endSockets(this.#blocking)
    this.wakeAnother()
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
