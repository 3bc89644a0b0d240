/**
 * What was seen of one deployment's calls, small enough to be sent once a second and merged by a script. Every number but `atMs` is a
 * count or a sum whose older parts count for less: it halves every two minutes.
 */
export interface Sketch {
  /** Epoch ms of the last merge, to which all numbers are decayed. */
  atMs: number
  calls: number
  /** Of them, those that failed by the deployment's own fault. */
  failed: number
  /** Output tokens after the first, and the ms in which they came. */
  tokens: number
  tokensMs: number
  /** Times to the first token: number of the bucket → count. */
  ttft: Record<string, number>
}

export const HALF_LIFE_MS = 120_000

/** Buckets grow by a tenth, so a quantile is right within 5 %; from 1 ms to beyond ten minutes. */
const GROWTH = Math.log(1.1)
const LAST_BUCKET = 140

export function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(LAST_BUCKET, Math.round(Math.log(ms) / GROWTH))
}

/** By how much what was counted at `sinceMs` still counts. */
export function decay(sinceMs: number, nowMs: number): number {
  return 2 ** (-Math.max(0, nowMs - sinceMs) / HALF_LIFE_MS)
}

/** The value, ms, below which a share `q` of the times lies. Undefined of an empty sketch. */
export function quantile(ttft: Sketch['ttft'], q: number): number | undefined {
  const buckets = Object.entries(ttft)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((a, b) => a.bucket - b.bucket)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  let below = 0
  for (const { bucket, count } of buckets) {
    below += count
    if (below >= q * total) return Math.round(Math.exp(bucket * GROWTH))
  }
  return undefined
}
