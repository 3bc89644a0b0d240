const SLICES = 60

export interface SlidingWindow {
  /** What was added within the last `windowMs`. */
  total(nowMs: number): number
  add(amount: number, nowMs: number): void
  /** How long until no more than `target` is left, ms. */
  msUntil(target: number, nowMs: number): number
}

/** A sum over the last `windowMs`, kept in 60 slices: exact to a sixtieth of the window, the same size under any load. */
export function createSlidingWindow(windowMs: number): SlidingWindow {
  const sliceMs = windowMs / SLICES
  const amounts = new Float64Array(SLICES)
  let newest = 0
  let sum = 0

  function advance(nowMs: number): void {
    const slice = Math.floor(nowMs / sliceMs)
    if (slice <= newest) return
    if (slice - newest >= SLICES) {
      amounts.fill(0)
      sum = 0
    } else {
      for (let old = newest + 1; old <= slice; old++) {
        sum -= amounts[old % SLICES]!
        amounts[old % SLICES] = 0
      }
    }
    newest = slice
  }

  return {
    total(nowMs) {
      advance(nowMs)
      return sum
    },
    add(amount, nowMs) {
      advance(nowMs)
      amounts[newest % SLICES]! += amount
      sum += amount
    },
    msUntil(target, nowMs) {
      advance(nowMs)
      let left = sum
      for (let age = SLICES - 1; age >= 0; age--) {
        if (left <= target) return 0
        const slice = newest - age
        const amount = amounts[((slice % SLICES) + SLICES) % SLICES]!
        if (amount === 0) continue
        left -= amount
        if (left <= target) return Math.max(1, Math.ceil((slice + SLICES) * sliceMs - nowMs))
      }
      return windowMs
    },
  }
}
