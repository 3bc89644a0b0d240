/**
 * Spreads what comes at once: callers go through in their order, one each millisecond or so, more where many wait, so that
 * hundreds are through in some tenths of a second. Jobs that begin together end together; without it they would hold up what comes beside them.
 */
export interface Turnstile {
  pass(): Promise<void>
}

const TURN_MS = 1
/** So much of a crowd goes through in one turn. */
const PART = 1 / 64

export function createTurnstile(): Turnstile {
  const waiting: (() => void)[] = []
  let isTurning = false

  function turn(): void {
    if (waiting.length === 0) {
      isTurning = false
      return
    }
    for (const go of waiting.splice(0, Math.ceil(waiting.length * PART))) go()
    setTimeout(turn, TURN_MS)
  }

  return {
    pass: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (isTurning) return
        isTurning = true
        setImmediate(turn)
      }),
  }
}
