import { WAITS, type WaitsFor } from '@switchyard/contract/waiting-for'

/** What one worker says of a lane, at most once a second. */
export interface LaneReport {
  /** Deliveries of it that it began to work on for good, and their estimated tokens, since it runs. */
  starts: number
  tokens: number
  /** Null: it fetches. Else why not, and for how long still. */
  gate: { closedForMs: number; waitingFor: WaitsFor } | null
}

/** A report as a hash keeps it: `12 18000 0 -`. */
export function encodeReport({ starts, tokens, gate }: LaneReport): string {
  return `${starts} ${Math.round(tokens)} ${Math.ceil(gate?.closedForMs ?? 0)} ${gate?.waitingFor ?? '-'}`
}

/** The report behind its moment (epoch ms by Redis' clock), as the hash has it; null for text that is none. */
export function parseReport(text: string): (LaneReport & { atMs: number }) | null {
  const [atMs, starts, tokens, closedForMs, waitingFor] = text.split(' ')
  const numbers = [atMs, starts, tokens, closedForMs].map(Number)
  if (!numbers.every(Number.isFinite)) return null
  const waits = WAITS.find((known) => known === waitingFor)
  return {
    atMs: numbers[0]!,
    starts: numbers[1]!,
    tokens: numbers[2]!,
    gate: waits ? { closedForMs: numbers[3]!, waitingFor: waits } : null,
  }
}
