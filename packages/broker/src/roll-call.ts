import { QUEUE_CHECK_MS } from '@switchyard/jobs/durations'
import { recheckQueued } from '@switchyard/jobs/recheck-queued'
import type { Broker } from './broker.ts'

/** Looks at queued jobs that a lane may cost, per second. */
const LOOKS_PER_SECOND = 100
/** However many wait, each is looked for this often on average. */
const LONGEST_MS = 180_000
/** A lane that was crowded is so until its jobs would be looked for twice as often as all others are. */
const CALM_MS = QUEUE_CHECK_MS / 2
/** All jobs of a lane are looked for at most this often. */
const RECHECK_EVERY_MS = 4_000

/**
 * How often queued jobs are looked for in their lanes, so that waiting costs the same however many wait: where more than 800 do, each
 * is looked for less often, as long as nothing is missing. One that is missing says that others may be too: all of its lane are looked
 * for then. So a lane that lost its keys, or a part of them, is whole again as soon as if each job were looked for all the time.
 */
export interface RollCall {
  /** Crowded lanes, and after how many ms on average each of their jobs is looked for again: at random, so that some always are. */
  readonly crowded: ReadonlyMap<string, number>
  /**
   * After each sweep, with the lanes in which jobs were looked for, and those of them that did not know one or could not be asked.
   * True: jobs are due now that were not.
   */
  update(lookedAt: Iterable<string>, inDisorder: Iterable<string>): Promise<boolean>
}

export function createRollCall(broker: Broker): RollCall {
  const crowded = new Map<string, number>()
  /** Lanes whose jobs are all to be looked for; kept until that was done. */
  const suspects = new Set<string>()
  let recheckedAtMs = Number.NEGATIVE_INFINITY

  async function count(lane: string): Promise<void> {
    const { waiting, delayed, active } = await broker.producer.depth(lane)
    const everyMs = Math.min(((waiting + delayed + active) * 1_000) / LOOKS_PER_SECOND, LONGEST_MS)
    if (everyMs > QUEUE_CHECK_MS) crowded.set(lane, everyMs)
    else if (crowded.has(lane)) {
      crowded.set(lane, QUEUE_CHECK_MS)
      // Those that are left were to be looked at when their turn came among many.
      if (everyMs < CALM_MS && crowded.delete(lane)) suspects.add(lane)
    }
  }

  return {
    crowded,
    async update(lookedAt, inDisorder) {
      for (const lane of inDisorder) suspects.add(lane)
      await Promise.all(
        Array.from(new Set([...lookedAt, ...crowded.keys()]), (lane) =>
          count(lane).catch((error) => broker.onError(error, 'count a lane')),
        ),
      )
      if (suspects.size === 0 || performance.now() - recheckedAtMs < RECHECK_EVERY_MS) return false
      const asked = new Set(suspects)
      recheckedAtMs = performance.now()
      const due = await recheckQueued(broker.jobs, asked, 2 * LONGEST_MS)
      for (const lane of asked) suspects.delete(lane)
      return due > 0
    },
  }
}
