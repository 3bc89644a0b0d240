/**
 * How urgent a batch has become. 0: not at all. 1: its lines go to the front of their batch lanes. 2: they move to interactive lanes, and
 * over the hops of their routes.
 */
export type Urgency = 0 | 1 | 2

export interface Progress {
  nowMs: number
  startedAtMs: number
  expiresAtMs: number
  linesLeft: number
  /** null: nothing is known yet. */
  ratePerSecond: number | null
}

/** Parts of the window of time that are left when urgency rises, whatever the forecast says. */
const LAST_CALL = 0.1
const LAST_MOMENT = 0.05
/** A forecast that overshoots the window by so much is believed to need more than the front of the lane. */
const FAR_BEHIND = 1.5

/** Pure: from the rate so far against the lines that are left, and from the time that is left. */
export function urgencyOf({ nowMs, startedAtMs, expiresAtMs, linesLeft, ratePerSecond }: Progress): Urgency {
  if (linesLeft === 0) return 0
  const windowMs = expiresAtMs - startedAtMs
  const leftMs = expiresAtMs - nowMs
  if (leftMs <= windowMs * LAST_MOMENT) return 2
  // The rate of the first moments says little.
  const isKnown = ratePerSecond !== null && nowMs - startedAtMs >= windowMs * LAST_MOMENT
  const neededMs = isKnown ? (linesLeft / Math.max(ratePerSecond, 1e-9)) * 1000 : 0
  if (neededMs > leftMs * FAR_BEHIND && leftMs <= windowMs / 2) return 2
  return neededMs > leftMs || leftMs <= windowMs * LAST_CALL ? 1 : 0
}
