import type { Processes } from './load.ts'
import { residentKb } from './process-facts.ts'

const LOOK_MS = 50

export interface MemoryWatch {
  /** Resident, at its largest since the watch began. */
  peakKb(part: string): number
  /** What that is beyond the beginning. */
  grownKb(part: string): number
  stop(): void
}

/** Resident memory of parts of a stack, looked at some times a second. */
export function watchMemory(parts: Processes): MemoryWatch {
  const before = residentKb(parts)
  const peak = { ...before }
  const timer = setInterval(() => {
    for (const [part, kb] of Object.entries(residentKb(parts))) peak[part] = Math.max(peak[part] ?? 0, kb)
  }, LOOK_MS)
  return {
    peakKb: (part) => peak[part] ?? 0,
    grownKb: (part) => (peak[part] ?? 0) - (before[part] ?? 0),
    stop: () => clearInterval(timer),
  }
}
