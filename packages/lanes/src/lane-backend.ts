import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { disconnectRedis, isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { ConnectionClosedError, QueueKeys, RedisConnection, RedisQueueBackend, type WorkerOptions } from 'bullmq'
import type { Allowance } from './allowance.ts'
import { type FetchAhead, fetchBehindWaits } from './fetch-ahead.ts'
import { type Fetched, type FetchedDelivery, fetchDelivery, finishDelivery, type Holder } from './fetch-delivery.ts'
import type { LaneKeys } from './keys.ts'
import { HIGHEST_PRIORITY } from './priority.ts'
import { wakeLane } from './wake-lane.ts'

/** BullMQ fetches again at once after an error that is not a lost connection (OOM, MISCONF, LOADING): that must not storm. */
const FETCH_ERROR_PAUSE_MS = 250

/** After a pause, or with all slots taken, the fetch that comes looks for itself. */
const KNOWN_EMPTY_MS = 100

/** A delivery to begin with: its data as JSON, how often it was handed out. */
export type Begun = Pick<FetchedDelivery, 'id' | 'data' | 'begun'>

type NextJob = Awaited<ReturnType<RedisQueueBackend['moveToActive']>>

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
  readonly #begin: (delivery: Begun) => void
  readonly #lockDurationMs: number
  readonly #lookForStalledEveryMs: number
  /** Of all its locks: a fetch is sent before BullMQ says for which of its tokens. */
  readonly #token: string = randomUUID()
  readonly #ahead: FetchAhead | null
  #ended = false
  #lookedForStalledAt = Number.NEGATIVE_INFINITY
  /** When a fetch took the last delivery of the lane; `performance.now()`. */
  #emptyAt = Number.NEGATIVE_INFINITY
  /** The fetch that comes is the first since a wait: it has the wake-up that somebody was meant to get. */
  #woken = false
  #abandonWait: ((error: Error) => void) | null = null

  /** @param begin hears of each delivery as soon as it is fetched, once; BullMQ's Worker comes to process it in any case. */
  constructor(
    redis: RedisClient,
    lane: LaneKeys,
    allowance: Allowance,
    begin: (delivery: Begun) => void,
    name: string,
    options: WorkerOptions,
  ) {
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
    this.#begin = begin
    this.#lockDurationMs = options.lockDuration!
    this.#lookForStalledEveryMs = (options.stalledInterval ?? 0) / 2
    // On a cluster a command may move to another node between the two.
    this.#ahead = isClusterClient(blocking)
      ? null
      : fetchBehindWaits(blocking, () => (allowance.isUnlimited ? this.#fetch(blocking) : null), begin)
  }

  override async moveToActive(_token: string, name?: string): Promise<NextJob> {
    const ahead = this.#ahead?.take() ?? null
    const mayFetch = !this.#ended && (ahead !== null || !this.#isKnownEmpty())
    // What was fetched ahead counts, though it could not ask.
    if (!(mayFetch && this.#allowance.take()) && ahead?.kind !== 'delivery') return []
    this.#woken = false
    try {
      const fetched = await this.#nextJob(ahead ?? this.#begun(await this.#fetch(this.#redis)), name)
      this.lastFetchAt = performance.now()
      if (fetched[0]) this.#allowance.used()
      else this.#allowance.giveBack()
      return fetched
    } catch (error) {
      this.#allowance.giveBack()
      await sleep(FETCH_ERROR_PAUSE_MS)
      throw error
    }
  }

  #fetch(redis: RedisClient): Promise<Fetched> {
    return fetchDelivery(redis, this.#lane, this.#holder)
  }

  /** Its handler runs while BullMQ still makes a job of it: that takes half as long as the handler's way to its first command. */
  #begun(fetched: Fetched): Fetched {
    if (fetched.kind === 'delivery') this.#begin(fetched)
    return fetched
  }

  /** The one who took the last delivery need not look for another: whatever was added since sets a marker, which ends the next wait at once. */
  #isKnownEmpty(): boolean {
    const known = !this.#woken && performance.now() - this.#emptyAt < KNOWN_EMPTY_MS
    this.#emptyAt = Number.NEGATIVE_INFINITY
    return known
  }

  get #holder(): Holder {
    return { token: this.#token, lockDurationMs: this.#lockDurationMs }
  }

  /** As BullMQ's Worker wants it: the job, its id, how long it may not fetch, until when it need not. */
  async #nextJob(fetched: Fetched, name?: string): Promise<NextJob> {
    if (fetched.kind === 'special') {
      const next = await super.moveToActive(this.#token, name)
      const [job, id] = next
      if (job && id) this.#begin({ id, data: job.data, begun: job.attemptsStarted ?? 0 })
      return next
    }
    if (fetched.kind === 'nothing') return fetched.nextAtMs === undefined ? [] : [null, undefined, 0, fetched.nextAtMs]
    if (fetched.isLast) this.#emptyAt = performance.now()
    return [jobJson(fetched), fetched.id, 0, 0]
  }

  /** What is put off has had its turn: at its moment it goes next. The priority that it was added with may mean another place by then. */
  override moveToDelayed(
    ...[jobId, timestamp, delay, _token, options]: Parameters<RedisQueueBackend['moveToDelayed']>
  ): ReturnType<RedisQueueBackend['moveToDelayed']> {
    const fieldsToUpdate = { ...options?.fieldsToUpdate, priority: HIGHEST_PRIORITY }
    return super.moveToDelayed(jobId, timestamp, delay, this.#token, { ...options, fieldsToUpdate })
  }

  /** The next delivery comes with the end of one only where it need not be counted. */
  override async moveToCompleted(
    ...[job, value, remove, _token, fetchNext]: Parameters<RedisQueueBackend['moveToCompleted']>
  ): ReturnType<RedisQueueBackend['moveToCompleted']> {
    const alsoFetch = fetchNext && !this.#ended && this.#allowance.isUnlimited
    const fetched = await finishDelivery(this.#redis, this.#lane, this.#holder, job.id!, alsoFetch)
    if (!fetched) return super.moveToCompleted(job, value, remove, this.#token, alsoFetch)
    // It has ended, whatever becomes of the look at a special lane: the fetch that follows says what is wrong.
    const next = await this.#nextJob(this.#begun(fetched)).catch((): NextJob => [])
    return { result: next, finishedOn: Date.now() }
  }

  override extendLocks(jobIds: string[], _tokens: string[], duration: number): Promise<string[]> {
    const tokens = jobIds.map(() => this.#token)
    return super.extendLocks(jobIds, tokens, duration)
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
      this.#ahead?.onLate(() => resolve(null))
      this.#wait(seconds).then(resolve, reject)
    })
  }

  async #wait(seconds: number): ReturnType<RedisQueueBackend['waitForJob']> {
    try {
      const marker = await super.waitForJob(seconds)
      await this.#ahead?.settled()
      // What the delivery's handler asks Redis for leaves first.
      if (this.#ahead?.hasDelivery()) await nextTurn()
      // A marker that tells when the first delayed one is due would let the Worker wait for that.
      return this.#ahead?.hasDelivery() ? null : marker
    } finally {
      this.#woken = true
    }
  }

  /** The Worker does this first when it closes: its fetch ends now. What may have woken it goes to another consumer. */
  override async disconnectBlocking(): Promise<void> {
    this.#ended = true
    await this.#ahead?.end(this.#redis)
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

/** What a Worker of ours reads of a job: its id and how often it was begun. Its data has been read. */
function jobJson({ id, begun, fetchedAtMs }: FetchedDelivery): NonNullable<NextJob[0]> {
  return {
    id,
    name: 'd',
    data: '{}',
    opts: {},
    progress: 0,
    delay: 0,
    priority: 0,
    timestamp: fetchedAtMs,
    processedOn: fetchedAtMs,
    attemptsStarted: begun,
    attemptsMade: 0,
    stalledCounter: 0,
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
