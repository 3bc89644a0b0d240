const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SHORTEST_MS = 15 * MINUTE_MS
const LONGEST_MS = 7 * DAY_MS
/** `24h`, `90m`, `5400s`, `1d12h`: whole numbers, the larger unit first, each unit once. */
const DURATION = /^(?:([1-9]\d{0,5})d)?(?:([1-9]\d{0,5})h)?(?:([1-9]\d{0,5})m)?(?:([1-9]\d{0,5})s)?$/

/** `15m` to `7d` in days, hours, minutes and seconds, as milliseconds; null for anything else. OpenAI itself takes `24h` only. */
export function parseCompletionWindow(text: string): number | null {
  const match = DURATION.exec(text)
  if (!match) return null
  const [days, hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
  ]
  const ms = days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * 1_000
  return ms >= SHORTEST_MS && ms <= LONGEST_MS ? ms : null
}
