import type { TakenLine } from '@switchyard/batches/take-lines'
import type { JobSpec } from '@switchyard/contract/job'
import { LEAST_TOKENS } from '../prompt-cache/beginnings.ts'

/** The shortest cache lives so long after its last use; lines that come later need a new first one. */
const WARM_MS = 300_000
/** A first line that is not answered by then holds nobody up any longer. */
const PATIENCE_MS = 60_000

const MOST_PREFIXES = 5_000

/**
 * Of the lines of one batch whose prompts begin alike one goes first and writes the provider's cache; the others are held back until it has ended,
 * or for a minute. Many at once would each write what none of them can read. Lost with its process: then the lines that it held have no jobs, are
 * found in the window, and one of them goes first again.
 */
export interface WarmUp {
  /** Which of these may go now. The others are held. */
  admit<L extends { spec: JobSpec; line: TakenLine }>(lines: readonly L[]): L[]
  /** The jobs that others wait for. */
  leaders(): string[]
  /** These have ended (or were never made): gives the lines that need wait no more. */
  release(ended: ReadonlySet<string>): TakenLine[]
  isHeld(line: TakenLine): boolean
}

interface Prefix {
  /** The job that goes first; null once it has ended. */
  leader: string | null
  sinceMs: number
  held: TakenLine[]
}

export function createWarmUp(now: () => number = Date.now): WarmUp {
  const prefixes = new Map<string, Prefix>()
  const held = new Set<string>()

  /** Of those that nobody waits for. */
  function forgetOldest(): void {
    if (prefixes.size <= MOST_PREFIXES) return
    for (const [name, { held: waiting }] of prefixes) {
      if (waiting.length > 0) continue
      prefixes.delete(name)
      return
    }
  }

  return {
    admit(lines) {
      return lines.filter(({ spec, line }) => {
        const { prefix } = spec
        if (prefix === undefined || spec.estimate.inputTokens < LEAST_TOKENS) return true
        const known = prefixes.get(prefix)
        if (!known || (known.leader === null && now() - known.sinceMs > WARM_MS)) {
          prefixes.delete(prefix)
          prefixes.set(prefix, { leader: spec.id, sinceMs: now(), held: [] })
          forgetOldest()
          return true
        }
        if (known.leader === null) {
          known.sinceMs = now()
          return true
        }
        if (known.leader === spec.id) return true
        known.held.push(line)
        held.add(nameOf(line))
        return false
      })
    },
    leaders: () =>
      [...prefixes.values()].flatMap(({ leader, held: waiting }) => (leader && waiting.length > 0 ? [leader] : [])),
    release(ended) {
      const released: TakenLine[] = []
      for (const [name, prefix] of prefixes) {
        const { leader, sinceMs } = prefix
        if (leader !== null && (ended.has(leader) || now() - sinceMs > PATIENCE_MS)) {
          released.push(...prefix.held.splice(0))
          prefix.leader = null
          prefix.sinceMs = now()
        } else if (leader === null && now() - sinceMs > WARM_MS) prefixes.delete(name)
      }
      for (const line of released) held.delete(nameOf(line))
      return released
    },
    isHeld: (line) => held.has(nameOf(line)),
  }
}

function nameOf({ line, try: tryNumber }: TakenLine): string {
  return `${line}.${tryNumber}`
}
