const LONGEST_MS = 24 * 3_600_000

/** A `retry-after` header in ms from now, seconds or an HTTP date, a day at most; 0 where there is none that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0
  const text = header.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isNaN(ms) ? 0 : Math.min(LONGEST_MS, Math.max(0, ms))
}
