import { setTimeout as sleep } from 'node:timers/promises'
import type { Fetched } from './fetch-delivery.ts'
import type { Verdict } from './verdict.ts'

const TRY_EVERY_MS = 200
const TRIES = 60

/**
 * Ends a held delivery or puts it off. Tries for 12 s where Redis refuses (out of memory, loading) or can't be reached: after that its
 * lock runs out and the lane itself hands it to somebody. Where the lane says that it is not ours any more, that has happened already.
 * Gives what an end brought along.
 */
export async function tellLane(
  id: string,
  verdict: Verdict,
  lane: {
    finish: (id: string) => Promise<Fetched | null>
    putOff: (id: string, untilMs: number) => Promise<void>
    onError: (error: Error) => void
  },
): Promise<Fetched | null> {
  for (let tries = 1; ; tries++) {
    try {
      if (verdict.kind === 'done') return await lane.finish(id)
      await lane.putOff(id, verdict.untilMs)
      return null
    } catch (error) {
      if (isRefusal(error)) return null
      if (tries === TRIES) {
        const message = 'a lane could not be told what became of a delivery; it comes again when its lock runs out'
        lane.onError(new Error(message, { cause: error }))
        return null
      }
      await sleep(TRY_EVERY_MS)
    }
  }
}

/** BullMQ's scripts answer with a negative code when lock, hash or membership is gone; it is on the error. */
function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' && code < 0
}
