export type Limit = 'first_token' | 'idle' | 'total'

export interface CallLimits {
  /** From the start to the first content; null where content comes all at once. */
  firstTokenMs: number | null
  /** Between two reads, once the answer has begun. */
  idleMs: number
  totalMs: number
}

/** The three time limits of one call. `expired` is called at most once. */
export interface CallClock {
  /** The answer has begun: silence counts from now on. */
  begun(): void
  /** Bytes came. */
  touch(): void
  /** The first content came: the first-token limit is met. */
  content(): void
  /** We are not reading, so silence says nothing about the provider. */
  pause(): void
  resume(): void
  stop(): void
}

/** Touching costs one clock read, no timer: the idle timer looks back when it fires and sleeps for the rest. */
export function startCallClock(limits: CallLimits, expired: (limit: Limit) => void): CallClock {
  let idle: NodeJS.Timeout | undefined
  let lastMs = 0
  let paused = false
  let firstLate = false

  const expire = (limit: Limit) => {
    stop()
    expired(limit)
  }
  const total = setTimeout(expire, limits.totalMs, 'total')
  const first =
    limits.firstTokenMs === null
      ? undefined
      : setTimeout(() => {
          // Whoever does not read cannot blame the writer; `resume` decides.
          if (paused) firstLate = true
          else expire('first_token')
        }, limits.firstTokenMs)

  const lookBack = () => {
    const silentMs = paused ? 0 : performance.now() - lastMs
    if (silentMs >= limits.idleMs) expire('idle')
    else idle = setTimeout(lookBack, Math.max(1, limits.idleMs - silentMs))
  }
  const stop = () => {
    clearTimeout(total)
    clearTimeout(first)
    clearTimeout(idle)
  }
  return {
    begun() {
      lastMs = performance.now()
      idle ??= setTimeout(lookBack, limits.idleMs)
    },
    touch() {
      lastMs = performance.now()
    },
    content() {
      firstLate = false
      clearTimeout(first)
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
      lastMs = performance.now()
      if (firstLate) expire('first_token')
    },
    stop,
  }
}
