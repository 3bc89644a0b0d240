import { randomUUID } from 'node:crypto'
import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { leadKey } from './keys.ts'
import { LEAD, RESIGN } from './lead-scripts.ts'
import { settledWithin } from './settled-within.ts'

const STOP_MS = 1_000

export interface Leadership {
  /** Checked against the clock: right even when the event loop was blocked or the process stopped past the lease. */
  isLeader(): boolean
  /** Ends the work, then lets somebody else lead at once. Never rejects. */
  stop(): Promise<void>
}

export interface LeadershipOptions {
  redis: RedisClient
  /** What is led: 'sweeper'. One leader for each role. */
  role: string
  /** Of this process, to be read by people. */
  id: string
  ttlMs?: number
  /**
   * Called at the begin of each term. The signal aborts when the term ends. `fence` rises with every term of anybody, for
   * writes that an older leader must not overtake. What it returns is waited for before another term begins.
   */
  onGain: (signal: AbortSignal, fence: number) => void | Promise<void>
  onError: (error: Error) => void
  prefix?: string
}

/**
 * Leads while nobody else does.
 *
 * States: following → leading (Redis granted a lease of `ttlMs`) → following (the lease ran out unrenewed, by our own
 * monotonic clock counted from before the request was sent, so always before Redis lets anybody else have it) → stopped.
 * Asked for and renewed every third of `ttlMs`, so a crashed leader is followed after four thirds of it at most.
 */
export function startLeadership(options: LeadershipOptions): Leadership {
  const { redis, role, id, ttlMs = 10_000, onGain, onError } = options
  const key = leadKey(role, options.prefix)
  // Of this start: after a lost reply the same claim is ours again, and a process started twice is two.
  const holder = `${id}#${randomUUID()}`
  let term: { controller: AbortController; untilMs: number; fence: number } | null = null
  let work: Promise<void> | null = null
  let asking: Promise<void> | null = null
  let stopped: Promise<void> | null = null
  let leaseTimer: NodeJS.Timeout | undefined

  function isLeader(): boolean {
    return term !== null && performance.now() < term.untilMs
  }

  function endTerm(): void {
    clearTimeout(leaseTimer)
    term?.controller.abort()
    term = null
  }

  function beginTerm(fence: number, untilMs: number): void {
    const controller = new AbortController()
    term = { controller, untilMs, fence }
    work = Promise.resolve()
      .then(() => onGain(controller.signal, fence))
      .catch(onError)
      .finally(() => {
        work = null
      })
  }

  async function ask(): Promise<void> {
    if (term !== null && !isLeader()) endTerm()
    // The work of a term that ended has not ended yet.
    if (term === null && work !== null) return
    const untilMs = performance.now() + ttlMs
    const [granted, fence] = (await runScript(redis, LEAD, [key], [holder, ttlMs, term?.fence ?? 0])) as [
      number,
      number,
    ]
    if (granted === 0 || stopped !== null) return endTerm()
    // A new fence: somebody may have led in between. An answer that came after its own lease is worth nothing.
    if (term !== null && term.fence !== fence) endTerm()
    if (performance.now() >= untilMs || (term === null && work !== null)) return
    if (term === null) beginTerm(fence, untilMs)
    else term.untilMs = untilMs
    clearTimeout(leaseTimer)
    leaseTimer = setTimeout(endTerm, untilMs - performance.now())
  }

  function tick(): void {
    asking ??= ask()
      .catch(onError)
      .finally(() => {
        asking = null
      })
  }
  tick()
  const timer = setInterval(tick, ttlMs / 3)

  return {
    isLeader,
    stop() {
      stopped ??= (async () => {
        clearInterval(timer)
        const leaseMs = term === null ? 0 : term.untilMs - performance.now()
        endTerm()
        if (work !== null) await settledWithin(work, Math.max(0, leaseMs))
        const resigned = Promise.resolve(asking).then(() => runScript(redis, RESIGN, [key], [holder]))
        await settledWithin(resigned, STOP_MS).catch(onError)
      })()
      return stopped
    },
  }
}
