import type { RedisClient } from '@switchyard/redis/connect'
import { createAllowance } from './allowance.ts'
import { type Delivery, type FirstChoice, parseDeliveryId } from './delivery.ts'
import { readDepth } from './depth.ts'
import { LANE_PREFIX, laneKeys } from './keys.ts'
import { LANE_SETTINGS, type LaneSettings, SLOTS_PER_WORKER } from './lane-settings.ts'
import { type LaneWorker, startLaneWorker } from './lane-worker.ts'
import { oncePerMessage } from './once-per-message.ts'
import { createStarvationMeter } from './starvation.ts'
import type { Verdict } from './verdict.ts'

const COME_AGAIN_MS = 1_000
const SAME_ERROR_EVERY_MS = 10_000

export interface ConsumerOptions {
  /** Role `consumer`. Shared, never closed here; each 1,000 slots open one more, blocking, connection of their own. */
  redis: RedisClient
  lane: string
  /** Slots: how many deliveries may be held at once. */
  concurrency: number
  /**
   * Works on one delivery. The signal aborts when the delivery should be handed back (`stop({ releaseHeld: true })`), with
   * a verdict `delay`. A rejection is a bug of ours: it is reported and the delivery comes again after 1 s.
   */
  handle: (delivery: Delivery, signal: AbortSignal) => Promise<Verdict>
  onError: (error: Error) => void
  /** The lane may give these to somebody else now. Advice only: the job's own lease and fence decide. */
  onLockLost?: (deliveries: Delivery[]) => void
  prefix?: string
  settings?: Partial<LaneSettings>
}

export interface ConsumerHealth {
  held: number
  concurrency: number
  /** Also where no more may be fetched. */
  paused: boolean
  /**
   * Epoch ms at which a fetch last came back, with or without a delivery. With free slots and not paused it is at most
   * some 10 s ago, or Redis can't be reached.
   */
  lastFetchAtMs: number
  /** How many fetchers the watchdog has replaced. */
  replaced: number
}

export interface Consumer {
  /** Stops fetching. A fetch that is under way may still bring one delivery. */
  pause(): void
  resume(): void
  /** How many more deliveries may be fetched until this is called again; infinity, as at first: any number. */
  allow(deliveries: number): void
  setConcurrency(concurrency: number): void
  health(): ConsumerHealth
  /**
   * Stops fetching at once and resolves when nothing is held. `releaseHeld` also aborts the signal of every delivery that
   * is held; it may be asked for later than the stop itself.
   */
  stop(options?: { releaseHeld?: boolean }): Promise<void>
}

interface Fetcher {
  worker: LaneWorker
  concurrency: number
  starvation: ReturnType<typeof createStarvationMeter>
}

/**
 * Fetches a lane's deliveries and carries out what `handle` decides about each.
 *
 * States: consuming ⇄ paused (asked for, or all that was allowed is fetched), both → stopped. Within it, fetchers come and go: the watchdog replaces one
 * that should be fetching and is not (https://github.com/taskforcesh/bullmq/issues/4479, #4585); the old one keeps and
 * renews what it holds until that is settled.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { redis, lane, handle, prefix = LANE_PREFIX } = options
  const settings = { ...LANE_SETTINGS, ...options.settings }
  const onError = oncePerMessage(options.onError, SAME_ERROR_EVERY_MS)
  const keys = laneKeys(lane, prefix)
  const held = new Map<string, AbortController>()
  const retiring = new Set<LaneWorker>()
  let fetchers: Fetcher[] = []
  let slots = wholeSlots(options.concurrency)
  let paused = false
  let usedUp = false
  let replaced = 0
  let stopped: Promise<void> | null = null

  const allowance = createAllowance(() => {
    halt(paused, true)
  })

  function halt(isPaused: boolean, isUsedUp: boolean): void {
    const [was, is] = [paused || usedUp, isPaused || isUsedUp]
    paused = isPaused
    usedUp = isUsedUp
    if (was === is || stopped !== null) return
    for (const { worker } of fetchers) {
      if (is) worker.pause()
      else worker.resume()
    }
  }

  async function onDelivery(id: string, first: FirstChoice | undefined): Promise<Verdict> {
    const delivery = parseDeliveryId(id)
    if (!delivery) {
      onError(new Error(`lane ${lane}: dropped a message that is no delivery`))
      return { kind: 'done' }
    }
    // Its lock was lost while it runs here. The first run decides; this one looks again after it.
    if (held.has(id)) return { kind: 'delay', untilMs: Date.now() + COME_AGAIN_MS }
    const controller = new AbortController()
    held.set(id, controller)
    try {
      return await handle(first ? { ...delivery, first } : delivery, controller.signal)
    } catch (cause) {
      onError(new Error(`lane ${lane}: the handler of a delivery failed`, { cause }))
      return { kind: 'delay', untilMs: Date.now() + COME_AGAIN_MS }
    } finally {
      held.delete(id)
    }
  }

  function startFetcher(concurrency: number): Fetcher {
    const worker = startLaneWorker({
      redis,
      lane,
      prefix,
      concurrency,
      settings,
      allowance,
      onDelivery,
      onError,
      onLockLost: (ids) => options.onLockLost?.(ids.map(parseDeliveryId).filter((delivery) => delivery !== null)),
    })
    if (paused || usedUp) worker.pause()
    return { worker, concurrency, starvation: createStarvationMeter(settings.starvedMs) }
  }

  function retire({ worker }: Fetcher): Promise<void> {
    retiring.add(worker)
    return worker.retire().finally(() => {
      retiring.delete(worker)
      if (stopped === null) shareSlots()
    })
  }

  /** As many fetchers as the slots need, with equal shares of what the retired ones do not hold. */
  function shareSlots(): void {
    const needed = Math.max(1, Math.ceil(slots / SLOTS_PER_WORKER))
    for (const surplus of fetchers.splice(needed)) void retire(surplus)
    let free = slots
    for (const worker of retiring) free -= worker.held
    for (let i = 0; i < needed; i++) {
      const share = Math.max(1, Math.floor(free / needed) + (i < free % needed ? 1 : 0))
      const fetcher = fetchers[i]
      if (!fetcher) fetchers.push(startFetcher(share))
      else if (fetcher.concurrency !== share) {
        fetcher.concurrency = share
        fetcher.worker.setConcurrency(share)
      }
    }
  }

  async function watch(): Promise<void> {
    const overdueMs = settings.starvedMs - 2 * settings.watchEveryMs
    const overdue = fetchers.filter(
      ({ worker, concurrency }) => worker.held < concurrency && performance.now() - worker.lastFetchAt >= overdueMs,
    )
    if (paused || usedUp || overdue.length === 0) return
    const { waiting, due } = await readDepth(redis, keys)
    if (paused || usedUp || stopped !== null) return
    const starved = overdue.filter(({ worker, concurrency, starvation }) =>
      starvation.isStarved({
        atMs: performance.now(),
        waiting: waiting + due,
        freeSlots: concurrency - worker.held,
        lastFetchAtMs: worker.lastFetchAt,
      }),
    )
    for (const fetcher of starved) {
      replaced++
      onError(new Error(`lane ${lane}: a fetcher did not fetch although deliveries wait; it was replaced`))
      fetchers = fetchers.filter((other) => other !== fetcher)
      void retire(fetcher)
    }
    if (starved.length > 0) shareSlots()
  }

  let watchTimer: NodeJS.Timeout
  function watchLater(): void {
    watchTimer = setTimeout(async () => {
      await watch().catch(onError)
      if (stopped === null) watchLater()
    }, settings.watchEveryMs)
  }

  shareSlots()
  watchLater()

  return {
    pause() {
      halt(true, usedUp)
    },
    resume() {
      halt(false, usedUp)
    },
    allow(deliveries) {
      allowance.set(deliveries)
      halt(paused, deliveries <= 0)
    },
    setConcurrency(concurrency) {
      if (stopped !== null) return
      slots = wholeSlots(concurrency)
      shareSlots()
    },
    health: () => ({
      held: held.size,
      concurrency: slots,
      paused: paused || usedUp,
      lastFetchAtMs: Date.now() - (performance.now() - Math.max(...fetchers.map(({ worker }) => worker.lastFetchAt))),
      replaced,
    }),
    stop({ releaseHeld = false } = {}) {
      stopped ??= (async () => {
        clearTimeout(watchTimer)
        await Promise.all([...fetchers.map(retire), ...[...retiring].map((worker) => worker.retire())])
      })()
      if (releaseHeld) for (const controller of held.values()) controller.abort()
      return stopped
    },
  }
}

function wholeSlots(concurrency: number): number {
  return Math.max(1, Math.floor(concurrency))
}
