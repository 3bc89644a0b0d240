const FIRST_MS = 100
const LAST_MS = 5000
const STEADY_MS = 30_000

/** How long to wait before a dead child is started again: doubling from 100 ms to 5 s, anew once it had lived for 30 s. */
export function restartDelay(previousMs: number | undefined, livedMs: number): number {
  if (previousMs === undefined || livedMs >= STEADY_MS) return FIRST_MS
  return Math.min(previousMs * 2, LAST_MS)
}
