const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SHORTEST_MS = 15 * UNIT_MS.m
const LONGEST_MS = 7 * UNIT_MS.d

/** `15m` to `7d`, whole minutes, hours or days, as milliseconds; null for anything else. OpenAI itself takes `24h` only. */
export function parseCompletionWindow(text: string): number | null {
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(text)
  if (!match) return null
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  return ms >= SHORTEST_MS && ms <= LONGEST_MS ? ms : null
}
