import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { isNotConnectionError } from 'bullmq'
import type { Allowance } from './allowance.ts'
import { type FirstChoice, parseFirstChoice } from './delivery.ts'
import type { Fetched, FetchedDelivery } from './fetch-delivery.ts'
import { type HeldDelivery, keepLocks } from './keep-locks.ts'
import { laneKeys } from './keys.ts'
import { LaneBackend } from './lane-backend.ts'
import type { LaneSettings } from './lane-settings.ts'
import { tellLane } from './tell-lane.ts'
import type { Verdict } from './verdict.ts'

/** After a fetch that failed: one that Redis refuses (OOM, MISCONF, LOADING) must not storm. */
const FETCH_ERROR_PAUSE_MS = 250
/** Where others have fetched all that was allowed and may give some back. */
const ALLOWANCE_AGAIN_MS = 100
/** Redis before 7.0.8 takes less for "without end". */
const LEAST_WAIT_SECONDS = 0.002
/** How long Redis has to confirm the last verdicts of a worker that is retired. */
const CONFIRM_MS = 2_000

export interface LaneWorkerOptions {
  redis: RedisClient
  lane: string
  prefix: string
  concurrency: number
  settings: LaneSettings
  allowance: Allowance
  /** Never rejects. */
  onDelivery: (id: string, first: FirstChoice | undefined) => Promise<Verdict>
  onError: (error: Error) => void
  onLockLost: (ids: string[]) => void
}

/** One fetcher: up to 1,000 slots, one blocking connection. */
export interface LaneWorker {
  /** Deliveries whose handler runs. */
  readonly held: number
  /** When a fetch last came back, `performance.now()`. */
  readonly lastFetchAt: number
  setConcurrency(concurrency: number): void
  pause(): void
  resume(): void
  /** Stops fetching now; what is held is kept and renewed. Resolves when that is settled, or Redis did not confirm it in 2 s. */
  retire(): Promise<void>
}

/**
 * Fetches deliveries into its slots, keeps their locks, and tells the lane what became of each: what BullMQ's Worker does, on the same keys.
 *
 * One loop fetches. It asks the lane while there is something to fetch, and then waits for a wake-up, behind which a fetch stands already
 * (`fetch-ahead.ts`). The end of a delivery brings the next one where the loop is not waiting. Whatever is fetched is begun in the same
 * moment, wherever it came from.
 */
export function startLaneWorker(options: LaneWorkerOptions): LaneWorker {
  const { lane, settings, allowance, onDelivery, onError } = options
  const held = new Set<HeldDelivery>()
  let running = 0
  let whenIdle: (() => void) | null = null
  let whenEmpty: (() => void) | null = null
  let concurrency = options.concurrency
  let paused = false
  let retired: Promise<void> | null = null
  let lastFetchAt = performance.now()
  /** Something may wait in the lane that nobody wakes us for. */
  let mustLook = true
  let isSpecial = false
  let nextAtMs: number | undefined
  let waiting = false
  let whenChanged: (() => void) | null = null

  const backend = new LaneBackend({
    redis: options.redis,
    lane,
    keys: laneKeys(lane, options.prefix),
    prefix: options.prefix,
    settings,
    allowance,
    onDelivery(delivery) {
      // What was fetched ahead counts, though it could not ask.
      allowance.take()
      allowance.used()
      begin(delivery)
    },
    onError,
  })
  const locks = keepLocks(held, settings.lockDurationMs, {
    renew: (ids) => backend.renew(ids),
    onLost(ids) {
      onError(new Error(`lane ${lane}: deliveries lost their locks while they were held`))
      options.onLockLost(ids)
    },
    onError: report,
  })

  function report(error: unknown): void {
    if (error instanceof Error && isNotConnectionError(error)) onError(error)
  }

  function mayFetch(): boolean {
    return !paused && retired === null && held.size < concurrency
  }

  /** Slots, the pause or the allowance may have changed. */
  function changed(): void {
    whenChanged?.()
    whenChanged = null
  }

  async function untilChanged(): Promise<void> {
    await new Promise<void>((resolve) => {
      whenChanged = resolve
    })
  }

  function changedWithin(ms: number): Promise<void> {
    return Promise.race([untilChanged(), sleep(ms, undefined, { ref: false })])
  }

  function begin({ id, data, begun }: FetchedDelivery): void {
    lastFetchAt = performance.now()
    const delivery: HeldDelivery = { id, lockedAt: lastFetchAt, isLost: false, isEnding: false }
    held.add(delivery)
    // Fetched while we are being retired: nobody begins with it.
    if (retired !== null) void tell(delivery, { kind: 'delay', untilMs: Date.now() })
    // One that was put off or stalled is no first delivery any more, though its data says so still.
    else void handle(delivery, begun > 1 ? undefined : parseFirstChoice(data))
  }

  async function handle(delivery: HeldDelivery, first: FirstChoice | undefined): Promise<void> {
    running++
    const verdict = await onDelivery(delivery.id, first)
    running--
    if (running === 0) whenIdle?.()
    await tell(delivery, verdict)
  }

  async function tell(delivery: HeldDelivery, verdict: Verdict): Promise<void> {
    delivery.isEnding = true
    const next = await tellLane(delivery.id, verdict, {
      finish: (id) => backend.finish(id, mayFetchNext()),
      putOff: (id, untilMs) => backend.putOff(id, untilMs),
      onError,
    })
    held.delete(delivery)
    if (next) note(next)
    if (next?.kind === 'delivery') begin(next)
    if (held.size === 0) whenEmpty?.()
    if (mayFetch()) changed()
  }

  /** In the place of one that ends. A loop that waits is woken for all that comes, but for what only BullMQ's own script sees. */
  function mayFetchNext(): boolean {
    return !paused && retired === null && allowance.isUnlimited && held.size <= concurrency && !(waiting && !isSpecial)
  }

  /** What a fetch says of the lane. */
  function note(fetched: Fetched): void {
    lastFetchAt = performance.now()
    mustLook = fetched.kind === 'special' || (fetched.kind === 'delivery' && !fetched.isLast)
    isSpecial = fetched.kind === 'special' || (fetched.kind === 'nothing' && fetched.isSpecial === true)
    nextAtMs = fetched.kind === 'nothing' ? fetched.nextAtMs : undefined
  }

  async function seek(): Promise<void> {
    while (retired === null) {
      if (!mayFetch()) {
        mustLook = true
        await untilChanged()
        continue
      }
      try {
        if (!mustLook) await waitForMore()
        else if (!(await look())) await changedWithin(ALLOWANCE_AGAIN_MS)
      } catch (error) {
        if (retired !== null) return
        report(error)
        mustLook = true
        await sleep(FETCH_ERROR_PAUSE_MS)
      }
    }
  }

  /** False: nothing more is allowed. */
  async function look(): Promise<boolean> {
    if (!allowance.take()) return false
    let fetched: Fetched | null = null
    try {
      fetched = await backend.fetch()
    } finally {
      if (fetched?.kind === 'delivery') allowance.used()
      else allowance.giveBack()
    }
    note(fetched)
    if (fetched.kind === 'delivery') begin(fetched)
    else if (fetched.kind === 'nothing' && fetched.restMs) {
      mustLook = true
      await changedWithin(Math.min(fetched.restMs, settings.idleFetchSeconds * 1_000))
    }
    return true
  }

  async function waitForMore(): Promise<void> {
    const untilNextMs = nextAtMs === undefined ? Number.POSITIVE_INFINITY : nextAtMs - Date.now()
    if (untilNextMs <= 0) {
      mustLook = true
      return
    }
    waiting = true
    const seconds = Math.max(LEAST_WAIT_SECONDS, Math.min(settings.idleFetchSeconds, untilNextMs / 1_000))
    const fetched = await backend.wait(seconds).finally(() => {
      waiting = false
      lastFetchAt = performance.now()
    })
    if (fetched) note(fetched)
    // What its handler asks Redis for leaves before the next wait.
    if (fetched?.kind === 'delivery') await nextTurn()
    // A wake-up that nobody follows is lost: we look, though we may have been paused meanwhile.
    if ((fetched === null || fetched.kind === 'special') && retired === null && !(await look())) {
      mustLook = true
      backend.wakeAnother()
    }
  }

  async function lookForStalled(): Promise<void> {
    await backend.moveStalledJobsToWait().catch(report)
    if (retired === null) stalledTimer = setTimeout(lookForStalled, settings.stalledIntervalMs)
  }

  /** Until all that was held is settled with the lane. */
  async function untilEmpty(): Promise<void> {
    if (held.size === 0) return
    await new Promise<void>((resolve) => {
      whenEmpty = resolve
    })
  }

  let stalledTimer: NodeJS.Timeout | undefined
  void lookForStalled()
  const seeking = seek()

  return {
    get held() {
      return running
    },
    get lastFetchAt() {
      return lastFetchAt
    },
    setConcurrency(slots) {
      concurrency = slots
      if (mayFetch()) changed()
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
      lastFetchAt = performance.now()
      changed()
    },
    retire() {
      retired ??= (async () => {
        clearTimeout(stalledTimer)
        changed()
        await backend.end()
        if (running > 0) {
          await new Promise<void>((resolve) => {
            whenIdle = resolve
          })
        }
        const late = sleep(CONFIRM_MS, undefined, { ref: false })
        await Promise.race([seeking.then(untilEmpty), late])
        locks.stop()
        await Promise.race([backend.close(), late])
      })()
      return retired
    },
  }
}
