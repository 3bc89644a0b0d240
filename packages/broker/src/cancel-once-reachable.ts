import type { Broker } from './broker.ts'
import { cancel } from './cancel.ts'

const FIRST_TRY_MS = 1_000
const LAST_TRY_MS = 60_000

/** A job whose caller was told 503 may have been stored all the same. Nobody waits for it: cancel it when Redis answers again. */
export function cancelOnceReachable(broker: Broker, jobId: string, delayMs: number = FIRST_TRY_MS): void {
  if (delayMs > LAST_TRY_MS) return
  setTimeout(() => {
    cancel(broker, jobId).catch(() => cancelOnceReachable(broker, jobId, delayMs * 2))
  }, delayMs).unref()
}
