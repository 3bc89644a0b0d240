import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job } from 'bullmq'

const TRY_EVERY_MS = 200
const TRIES = 60

/**
 * Puts a held delivery off until `untilMs` and ends its processing; BullMQ knows that by the error it throws.
 * Tries for 12 s where Redis refuses (out of memory, loading): after that the lock runs out and the lane itself hands the
 * delivery to somebody. Where the lane says that the delivery is not ours any more, that has happened already.
 */
export async function handBack(
  job: Job,
  token: string | undefined,
  untilMs: number,
  onError: (error: Error) => void,
): Promise<never> {
  for (let tries = 1; ; tries++) {
    try {
      await job.moveToDelayed(untilMs, token)
      break
    } catch (error) {
      if (isRefusal(error)) break
      if (tries === TRIES) {
        onError(
          new Error('a delivery could not be handed back; it comes again when its lock runs out', { cause: error }),
        )
        break
      }
      await sleep(TRY_EVERY_MS)
    }
  }
  throw new DelayedError()
}

/** BullMQ's scripts answer with a negative code when lock, hash or membership is gone; it is on the error. */
function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' && code < 0
}
