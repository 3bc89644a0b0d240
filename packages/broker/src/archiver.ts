import { setTimeout as pace } from 'node:timers/promises'
import { archiveJob } from '@switchyard/jobs/archive-job'
import { ARCHIVE_AFTER_MS } from '@switchyard/jobs/durations'
import { pageEnded } from '@switchyard/jobs/page-ended'
import { redisNow } from '@switchyard/jobs/redis-now'
import type { Broker } from './broker.ts'

export interface Archiver {
  /** Takes the jobs that ended a minute ago or longer; `early`: all that have ended. Those that find no room are found later. */
  fill(early: boolean): Promise<void>
  /** Archives these jobs when their turn comes, if there is room. */
  take(jobIds: string[]): void
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
  /** Drops what waits, which others will find; resolves when what runs is done. */
  stop(): Promise<void>
}

/** A group's commands, answers and wake-ups are shared: 40 % less CPU than one after the other. */
const GROUP = 8
const MOST_WAITING = 100_000
/** No more are asked for then: all of the next page find room. */
const FULL = 90_000
/**
 * Unhurried, what waits is spread over so long, that the files of one burst do not slow down the next: a burst is read back from
 * Redis meanwhile. The fuller the room for waiting ones, the shorter, so that under a lasting load as many are archived as end.
 */
const SPREAD_MS = 300_000
/** Unless Redis gets full, this often is enough to ask who has ended. */
const FILL_EVERY_MS = 2_000
/** What could not be archived is tried again after this. */
const REWIND_EVERY_MS = 600_000
/** Few are no burden: one in so many ms at least. */
const LONGEST_PACE_MS = 40

/**
 * Compressing and writing files happens beside the sweep, so that no rescue waits for it, and while Redis has room at a pace that
 * leaves the machine to live work; `hurried` says when it has not.
 */
export function createArchiver(broker: Broker, hurried: () => boolean): Archiver {
  const waiting = new Set<string>()
  const stopped = new AbortController()
  const pages = pageEnded(broker.jobs)
  let [filledAtMs, rewoundAtMs] = [Number.NEGATIVE_INFINITY, performance.now()]
  let working: Promise<void> | undefined

  function nextGroup(): string[] {
    const group: string[] = []
    for (const jobId of waiting) {
      waiting.delete(jobId)
      if (group.push(jobId) === GROUP) break
    }
    return group
  }

  async function archive(jobId: string): Promise<void> {
    try {
      await archiveJob(broker.jobs, jobId)
    } catch (error) {
      broker.onError(error, 'archive a job')
    }
  }

  async function work(): Promise<void> {
    while (waiting.size > 0) {
      const group = nextGroup()
      await Promise.all(group.map(archive))
      if (hurried()) continue
      const spreadMs = SPREAD_MS * (1 - waiting.size / MOST_WAITING)
      const paceMs = Math.min(LONGEST_PACE_MS, spreadMs / (waiting.size + 1))
      await pace(paceMs * group.length, undefined, { signal: stopped.signal }).catch(() => {})
    }
    working = undefined
  }

  function take(jobIds: string[]): void {
    if (stopped.signal.aborted) return
    for (const jobId of jobIds) if (waiting.size < MOST_WAITING) waiting.add(jobId)
    working ??= waiting.size > 0 ? work() : undefined
  }

  return {
    async fill(early) {
      const atMs = performance.now()
      if (waiting.size >= FULL || (!early && atMs - filledAtMs < FILL_EVERY_MS)) return
      filledAtMs = atMs
      if (early || atMs - rewoundAtMs > REWIND_EVERY_MS) {
        rewoundAtMs = atMs
        pages.rewind()
      }
      take(await pages.next((await redisNow(broker.jobs.redis)) - (early ? 0 : ARCHIVE_AFTER_MS)))
    },
    take,
    async idle() {
      await working
    },
    async stop() {
      stopped.abort()
      waiting.clear()
      await working
    },
  }
}
