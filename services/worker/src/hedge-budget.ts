/** One hedge for so many first calls: 5 %. */
const CALLS_PER_HEDGE = 20
/** Credit for at most so many hedges is kept: what a long quiet time has saved is not spent on one bad minute. */
const MOST_SAVED = 10

/**
 * At most 5 % of the calls of hedged models are hedged: a token bucket that the first call of each of their jobs fills, empty at the
 * start. Each worker process keeps to it, so the fleet does.
 */
export interface HedgeBudget {
  /** A job's first call was made. */
  earn(): void
  /** True: one hedge may begin. */
  take(): boolean
  /** It did not begin after all. */
  giveBack(): void
}

export function createHedgeBudget(): HedgeBudget {
  let calls = 0
  return {
    earn() {
      calls = Math.min(calls + 1, MOST_SAVED * CALLS_PER_HEDGE)
    },
    take() {
      if (calls < CALLS_PER_HEDGE) return false
      calls -= CALLS_PER_HEDGE
      return true
    },
    giveBack() {
      calls += CALLS_PER_HEDGE
    },
  }
}
