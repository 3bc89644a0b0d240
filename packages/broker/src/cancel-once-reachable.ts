import type { Broker } from './broker.ts'
import { cancel } from './cancel.ts'

const EVERY_MS = 1_000
const MOST = 10_000
const waiting = new WeakMap<Broker, Set<string>>()

/**
 * A job whose caller was told 503 may have been stored all the same. Nobody waits for it: it is cancelled when Redis answers again,
 * however long that takes. Of very many the first are kept.
 */
export function cancelOnceReachable(broker: Broker, jobId: string): void {
  const ids = waiting.get(broker)
  if (ids) {
    if (ids.size < MOST) ids.add(jobId)
    return
  }
  const first = new Set([jobId])
  waiting.set(broker, first)
  tryLater(broker, first)
}

function tryLater(broker: Broker, ids: Set<string>): void {
  setTimeout(async () => {
    for (const jobId of ids) {
      try {
        await cancel(broker, jobId)
      } catch {
        break
      }
      ids.delete(jobId)
    }
    if (ids.size > 0) tryLater(broker, ids)
    else waiting.delete(broker)
  }, EVERY_MS).unref()
}
