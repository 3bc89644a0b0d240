import { QUEUE_CHECK_MS } from '@switchyard/jobs/durations'
import { recheckQueued } from '@switchyard/jobs/recheck-queued'
import type { Broker } from './broker.ts'

/** Looks at queued jobs that a lane may cost, per second. */
const LOOKS_PER_SECOND = 100
/** However many wait, each is looked for this often. */
const LONGEST_MS = 300_000

/**
 * How often queued jobs are looked for in their lanes, so that waiting costs the same however many wait: where more than 800 do, each
 * is looked for less often. What a long interval would find late, a lane that has lost its keys, is found by its depth instead.
 */
export interface RollCall {
  /** Crowded lanes, and after how many ms each of their jobs is looked for again. */
  readonly crowded: ReadonlyMap<string, number>
  /**
   * After each sweep, with the lanes in which jobs were looked for. True: most of a crowded lane was gone at once, and all of its jobs
   * are due now.
   */
  update(lanes: Iterable<string>): Promise<boolean>
}

export function createRollCall(broker: Broker): RollCall {
  const crowded = new Map<string, number>()
  /** How many deliveries the crowded lanes had. */
  const counted = new Map<string, number>()

  return {
    crowded,
    async update(lanes) {
      const shrunk = new Set<string>()
      await Promise.all(
        Array.from(new Set([...lanes, ...counted.keys()]), async (lane) => {
          const { waiting, delayed, active } = await broker.producer.depth(lane)
          const count = waiting + delayed + active
          if (count < (counted.get(lane) ?? 0) / 2) shrunk.add(lane)
          const everyMs = Math.min((count * 1_000) / LOOKS_PER_SECOND, LONGEST_MS)
          if (everyMs > QUEUE_CHECK_MS) {
            counted.set(lane, count)
            crowded.set(lane, everyMs)
          } else {
            counted.delete(lane)
            crowded.delete(lane)
          }
        }),
      )
      if (shrunk.size === 0) return false
      await recheckQueued(broker.jobs, shrunk)
      return true
    },
  }
}
