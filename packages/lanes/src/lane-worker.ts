import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Job, Worker } from 'bullmq'
import type { Allowance } from './allowance.ts'
import { type FirstChoice, parseFirstChoice } from './delivery.ts'
import { handBack } from './hand-back.ts'
import { laneKeys, queueName } from './keys.ts'
import { type Begun, LaneBackend } from './lane-backend.ts'
import type { LaneSettings } from './lane-settings.ts'
import type { Verdict } from './verdict.ts'

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

/** One BullMQ Worker: up to 1,000 slots, one blocking connection. */
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

export function startLaneWorker(options: LaneWorkerOptions): LaneWorker {
  const { redis, lane, prefix, settings, onDelivery, onError } = options
  let held = 0
  let whenIdle: (() => void) | null = null
  let paused = false
  let lastFetchAt = 0
  let retired: Promise<void> | null = null
  let backend: LaneBackend | undefined

  /** The work on what was fetched, until BullMQ comes to process it. */
  const begun = new Map<string, Promise<Verdict>>()

  function begin({ id, data, begun: times }: Begun): void {
    // Somebody may still begin with what comes while this worker is being retired.
    if (retired !== null) return
    // One that was put off or stalled is no first delivery any more, though its data says so still.
    begun.set(id, run(id, times > 1 ? undefined : parseFirstChoice(data)))
  }

  async function run(id: string, first: FirstChoice | undefined): Promise<Verdict> {
    held++
    const verdict = await onDelivery(id, first)
    held--
    if (held === 0) whenIdle?.()
    return verdict
  }

  async function process(job: Job, token?: string): Promise<void> {
    const verdict = await (begun.get(job.id!) ?? { kind: 'delay', untilMs: Date.now() })
    begun.delete(job.id!)
    if (verdict.kind === 'delay') return handBack(job, token, verdict.untilMs, onError)
  }

  const worker = new Worker(
    queueName(lane),
    process,
    {
      connection: redis,
      prefix,
      concurrency: options.concurrency,
      lockDuration: settings.lockDurationMs,
      stalledInterval: settings.stalledIntervalMs,
      drainDelay: settings.idleFetchSeconds,
      // Crashes are counted on the job's record, and what they lead to is decided there.
      maxStalledCount: 1_000_000_000,
      runRetryDelay: 500,
      // Set here and not on each job: it also holds for a delivery whose hash was half deleted.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
    (name, workerOptions) => {
      backend = new LaneBackend(redis, laneKeys(lane, prefix), options.allowance, begin, name, {
        ...workerOptions,
        connection: redis,
      })
      return backend
    },
  )
  // BullMQ follows the event with one error for each lock, in the same turn; one for all of them is enough.
  let lockErrors = 0
  worker.on('error', (error) => {
    if (lockErrors > 0) lockErrors--
    else onError(error)
  })
  worker.on('lockRenewalFailed', (ids) => {
    onError(new Error(`lane ${lane}: deliveries lost their locks while they were held`))
    lockErrors = ids.length
    options.onLockLost(ids)
  })
  worker.on('active', () => {
    lastFetchAt = performance.now()
  })

  return {
    get held() {
      return held
    },
    get lastFetchAt() {
      return Math.max(lastFetchAt, backend!.lastFetchAt)
    },
    setConcurrency(concurrency) {
      const raised = concurrency > worker.concurrency
      worker.concurrency = concurrency
      // With all slots taken the main loop waits for one to end; only a resume wakes it.
      if (raised && !paused && retired === null)
        void worker.pause(true).then(() => (paused ? undefined : worker.resume()))
    },
    pause() {
      paused = true
      void worker.pause(true)
    },
    resume() {
      paused = false
      lastFetchAt = performance.now()
      void worker.resume()
      // Its loop may have been about to end when it was resumed.
      setImmediate(() => {
        if (!paused && retired === null && !worker.isRunning()) void worker.resume()
      })
    },
    retire() {
      retired ??= (async () => {
        const closed = worker.close()
        if (held > 0) {
          await new Promise<void>((resolve) => {
            whenIdle = resolve
          })
        }
        await Promise.race([closed, sleep(CONFIRM_MS, undefined, { ref: false })])
      })()
      return retired
    },
  }
}
