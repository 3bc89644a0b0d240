/** Whose work a delivery is and how much of the lane it will take: what its place is computed from. */
export interface Share {
  project: string
  /** The project's; twice the weight gets twice the tokens where both wait. */
  weight: number
  /** Estimated, input and output. */
  tokens: number
}

/** `next`: before all that waits for its turn. For work that has had its turn already, or that can't wait for one. */
export type Turn = Share | 'next'

export const TOKENS_PER_UNIT = 1_024
/** What a request costs at least: a place in flight and a request of a quota are not free, and virtual time must move on. */
const LEAST_TOKENS = 256
const WEIGHTS = { least: 0.01, most: 100 }

/** How far a share's tag is from the next one of its project, in units of BullMQ's priority: 1,024 tokens of a project of weight 1. */
export function unitsOf({ weight, tokens }: Share): number {
  const heavy = Number.isFinite(weight) ? Math.min(WEIGHTS.most, Math.max(WEIGHTS.least, weight)) : 1
  const cost = Number.isFinite(tokens) ? Math.max(LEAST_TOKENS, tokens) : LEAST_TOKENS
  return cost / TOKENS_PER_UNIT / heavy
}
