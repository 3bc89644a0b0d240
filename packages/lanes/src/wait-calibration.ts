/** What a wait is expected to be, ms: the middle, and where four in five end. */
export interface Expectation {
  ms: number
  lowMs: number
  highMs: number
}

export interface WaitCalibration {
  expect(predictedMs: number): Expectation
  /** A wait for which so much was predicted, and this expected, has ended. */
  observe(predictedMs: number, expected: Expectation, actualMs: number): void
}

/** What is left out on each side. */
const TAIL = 0.1
/** How fast a side gives way when it was wrong. */
const STEP = 0.01
const TAILS = { least: 0.01, most: 0.3 }
/** Below it ratios say nothing: half a second late on 10 ms is no factor of fifty. */
const SOFT_MS = 500
const KEPT = 200
const ENOUGH = 30
const BUCKETS = 12
/** Before anything was seen: a factor of two either way, the middle a little above what was predicted. */
const PRIOR = [0.4, 0.55, 0.7, 0.85, 0.95, 1, 1.05, 1.15, 1.3, 1.6, 2.2]

/**
 * Makes an interval of a prediction from how earlier ones came out (conformal prediction): quantiles of actual ÷ predicted among the last
 * waits of like length. Each side's quantile moves on with every outcome, so that one in ten misses it whatever drifts
 * (Gibbs and Candès, https://arxiv.org/abs/2106.00170).
 */
export function createWaitCalibration(): WaitCalibration {
  const buckets = Array.from({ length: BUCKETS }, (): number[] => [])
  const sorted = new Map<number, number[]>()
  let below = TAIL
  let above = TAIL

  /** Of waits from half to twice as long: 0.5 s, 1 s, 2 s … */
  function bucketOf(predictedMs: number): number {
    return Math.min(BUCKETS - 1, Math.floor(Math.log2(1 + predictedMs / SOFT_MS)))
  }

  function ratiosLike(bucket: number): number[] {
    const cached = sorted.get(bucket)
    if (cached) return cached
    const ratios = [...buckets[bucket]!]
    for (let away = 1; away < BUCKETS && ratios.length < ENOUGH; away++) {
      ratios.push(...(buckets[bucket - away] ?? []), ...(buckets[bucket + away] ?? []))
    }
    if (ratios.length < ENOUGH) ratios.push(...PRIOR)
    ratios.sort((a, b) => a - b)
    sorted.set(bucket, ratios)
    return ratios
  }

  return {
    expect(predictedMs) {
      const ratios = ratiosLike(bucketOf(predictedMs))
      const at = (share: number) => {
        const index = Math.floor(share * (ratios.length + 1)) - 1
        const ratio = ratios[Math.min(ratios.length - 1, Math.max(0, index))]!
        return Math.max(0, ratio * (predictedMs + SOFT_MS) - SOFT_MS)
      }
      const [lowMs, ms, highMs] = [at(below), at(0.5), at(1 - above + 1 / (ratios.length + 1))]
      return { ms, lowMs: Math.min(lowMs, ms), highMs: Math.max(highMs, ms) }
    },
    observe(predictedMs, { lowMs, highMs }, actualMs) {
      below = step(below, actualMs < lowMs)
      above = step(above, actualMs > highMs)
      const ratios = buckets[bucketOf(predictedMs)]!
      ratios.push((actualMs + SOFT_MS) / (predictedMs + SOFT_MS))
      if (ratios.length > KEPT) ratios.shift()
      sorted.clear()
    },
  }
}

function step(tail: number, missed: boolean): number {
  return Math.min(TAILS.most, Math.max(TAILS.least, tail + STEP * (TAIL - (missed ? 1 : 0))))
}
