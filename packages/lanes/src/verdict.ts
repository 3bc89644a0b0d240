/**
 * What becomes of a delivery once it was handled. `done`: it leaves the lane with every key. `delay`: the same delivery
 * comes again at `untilMs` (epoch ms); a moment that is past means at once, to whoever is free.
 */
export type Verdict = { kind: 'done' } | { kind: 'delay'; untilMs: number }
