import type { DialectName } from '../dialect.ts'
import type { FaultRule } from './fault-rule.ts'

const MOST_RULES = 1_000

export interface ListedFault extends FaultRule {
  id: string
  fired: number
  /** Calls that `times` still has; null when it was not given. */
  left: number | null
}

export interface FaultTable {
  /** The rule's id, or null when there are too many. */
  add(rule: FaultRule): string | null
  /** The first rule that matches and whose turn it is; used up by this. A call meets at most one fault. */
  take(call: { dialect: DialectName; model: string; stream: boolean }): FaultRule | null
  list(): ListedFault[]
  remove(id: string): boolean
  clear(): void
}

interface Entry {
  id: string
  rule: FaultRule
  fired: number
  left: number
  draw: () => number
}

/** Fault rules in the order they were made. Rules that are used up stay listed, so that their count can be read. */
export function createFaultTable(): FaultTable {
  const entries = new Map<string, Entry>()
  let made = 0

  return {
    add(rule) {
      if (entries.size >= MOST_RULES) return null
      const id = `fault_${++made}`
      entries.set(id, { id, rule, fired: 0, left: rule.times ?? Number.POSITIVE_INFINITY, draw: sequence(rule.seed) })
      return id
    },
    take(call) {
      for (const entry of entries.values()) {
        const { rule } = entry
        if (entry.left === 0) continue
        if (rule.model !== '*' && rule.model !== call.model) continue
        if (rule.dialect !== undefined && rule.dialect !== call.dialect) continue
        if (rule.stream !== undefined && rule.stream !== call.stream) continue
        if (rule.share !== undefined && entry.draw() >= rule.share) continue
        entry.left--
        entry.fired++
        return rule
      }
      return null
    },
    list: () =>
      [...entries.values()].map(({ id, rule, fired, left }) => ({
        id,
        ...rule,
        fired,
        left: Number.isFinite(left) ? left : null,
      })),
    remove: (id) => entries.delete(id),
    clear: () => entries.clear(),
  }
}

/** A repeatable sequence in [0, 1): mulberry32. */
function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
