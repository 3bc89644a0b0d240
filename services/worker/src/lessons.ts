import type { StatedWindows } from '@switchyard/limits/reconcile'

/** What answers said of their provider's windows, on the way to the limiter: it goes with the command that ends the call's lease. */
export interface Lessons {
  note(deployment: string, lease: string, stated: StatedWindows): void
  /** What was noted with this lease, once. */
  take(lease: string): StatedWindows | undefined
}

/** An answer says it every time; to be told now and then is enough. */
const EVERY_MS = 500
const MOST_PENDING = 1_000

export function createLessons(now: () => number = () => performance.now()): Lessons {
  const notedAt = new Map<string, number>()
  const pending = new Map<string, StatedWindows>()

  return {
    note(deployment, lease, { requests, tokens, inputTokens, outputTokens }) {
      if (!requests && !tokens && !inputTokens && !outputTokens) return
      const atMs = now()
      if (atMs - (notedAt.get(deployment) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return
      notedAt.set(deployment, atMs)
      // Calls whose end never came to be told, a cancelled one's.
      if (pending.size >= MOST_PENDING) pending.clear()
      pending.set(lease, {
        ...(requests && { requests }),
        ...(tokens && { tokens }),
        ...(inputTokens && { inputTokens }),
        ...(outputTokens && { outputTokens }),
      })
    },
    take(lease) {
      const stated = pending.get(lease)
      if (stated) pending.delete(lease)
      return stated
    },
  }
}
