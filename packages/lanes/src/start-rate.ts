/** As long as the window of a provider's quota: whatever pattern a quota makes of the starts, it is over by then. */
const WINDOW_MS = 60_000
/** Less time with somebody waiting says nothing. */
const LEAST_MS = 1_500

interface Sample {
  forMs: number
  starts: number
  tokens: number
  /** Somebody waited at both ends. */
  busy: boolean
}

export interface StartRate {
  add(sample: Sample): void
  /** Starts a second while somebody waits, so what the lane can do; null: nobody has waited for long enough. */
  perSecond(): number | null
  /** Mean of a start; null before the first. */
  tokensPerStart(): number | null
}

export function createStartRate(windowMs: number = WINDOW_MS): StartRate {
  const samples: Sample[] = []
  const all = { forMs: 0, busyMs: 0, busyStarts: 0 }
  let mean: number | null = null

  function count({ forMs, starts, busy }: Sample, sign: 1 | -1): void {
    all.forMs += sign * forMs
    if (!busy) return
    all.busyMs += sign * forMs
    all.busyStarts += sign * starts
  }

  return {
    add(sample) {
      samples.push(sample)
      count(sample, 1)
      while (samples.length > 1 && all.forMs - samples[0]!.forMs >= windowMs) count(samples.shift()!, -1)
      if (sample.starts === 0) return
      const now = sample.tokens / sample.starts
      const share = Math.min(1, sample.starts / 50)
      mean = mean === null ? now : mean + share * (now - mean)
    },
    perSecond: () => (all.busyMs < LEAST_MS ? null : (all.busyStarts * 1_000) / all.busyMs),
    tokensPerStart: () => mean,
  }
}
