const MOST_KEPT = 32
/** Opened for a moment, to let somebody look: still the same wait. */
const SAME_WAIT_MS = 1_000

/** When something was closed. */
export interface ClosedTimes {
  /** It is closed, or open, from now on. */
  note(isClosed: boolean, nowMs: number): void
  /** From the first to the last moment since then at which it was closed; null: it never was. */
  since(sinceMs: number, nowMs: number): { fromMs: number; untilMs: number } | null
}

/** Remembers the last times that a gate was closed, for those who waited before it. Epoch ms. */
export function createClosedTimes(): ClosedTimes {
  const times: { fromMs: number; untilMs: number | null }[] = []
  return {
    note(isClosed, nowMs) {
      const last = times.at(-1)
      if (!isClosed) {
        if (last?.untilMs === null) last.untilMs = nowMs
      } else if (last === undefined || (last.untilMs !== null && nowMs - last.untilMs > SAME_WAIT_MS)) {
        times.push({ fromMs: nowMs, untilMs: null })
        if (times.length > MOST_KEPT) times.shift()
      } else last.untilMs = null
    },
    since(sinceMs, nowMs) {
      const [first, ...more] = times.filter(({ untilMs }) => (untilMs ?? nowMs) > sinceMs)
      if (first === undefined) return null
      const last = more.at(-1) ?? first
      return { fromMs: Math.max(first.fromMs, sinceMs), untilMs: Math.min(last.untilMs ?? nowMs, nowMs) }
    },
  }
}
