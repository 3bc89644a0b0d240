import type { ErrorClass } from '@switchyard/contract/error-class'
import type { Observed } from '@switchyard/contract/observed'
import { type Breaker, waitsUntilMs } from './breaker.ts'
import { decay, quantile, type Sketch } from './sketch.ts'

/** Fewer than so many recent calls say nothing. */
const LEAST_SEEN = 5

/** A deployment as its own breaker, its credential's breaker and the calls to it show it; undefined when nothing is known of it. */
export function describe(
  breakers: readonly Breaker[],
  sketch: Sketch | undefined,
  nowMs: number,
): Observed | undefined {
  if (breakers.length === 0 && !sketch) return undefined
  return { ...describeBreakers(breakers, nowMs), ...describeCalls(sketch, nowMs) }
}

/** Of several breakers in the way, the one that lets a call through last. */
function describeBreakers(
  breakers: readonly Breaker[],
  nowMs: number,
): Pick<Observed, 'breaker' | 'reopensAtMs' | 'cause'> {
  let last: { reopensAtMs: number; cause: ErrorClass | null } | null = null
  for (const breaker of breakers) {
    const reopensAtMs = waitsUntilMs(breaker, nowMs)
    if (reopensAtMs !== null && (last === null || reopensAtMs > last.reopensAtMs))
      last = { reopensAtMs, cause: breaker.cause ?? null }
  }
  if (last === null) return { breaker: 'closed', reopensAtMs: null, cause: null }
  const blocked = breakers.some(({ open, untilMs }) => open && untilMs > nowMs)
  return { breaker: blocked ? 'open' : 'half_open', ...last }
}

interface Times {
  timed: number
  ttftMs: { p50: number; p95: number } | null
}

/** Every plan asks for them, and a sketch that was read does not change. */
const times = new WeakMap<Sketch, Times>()

function timesOf(sketch: Sketch): Times {
  let found = times.get(sketch)
  if (!found) {
    const timed = Object.values(sketch.ttft).reduce((sum, count) => sum + count, 0)
    const ttftMs = timed > 0 ? { p50: quantile(sketch.ttft, 0.5)!, p95: quantile(sketch.ttft, 0.95)! } : null
    found = { timed, ttftMs }
    times.set(sketch, found)
  }
  return found
}

function describeCalls(
  sketch: Sketch | undefined,
  nowMs: number,
): Pick<Observed, 'calls' | 'errorRate' | 'ttftMs' | 'tokensPerSecond'> {
  if (!sketch) return { calls: 0, errorRate: null, ttftMs: null, tokensPerSecond: null }
  const share = decay(sketch.atMs, nowMs)
  const { timed, ttftMs } = timesOf(sketch)
  return {
    calls: sketch.calls * share,
    errorRate: sketch.calls * share >= LEAST_SEEN ? sketch.failed / sketch.calls : null,
    ttftMs: timed * share >= LEAST_SEEN ? ttftMs : null,
    tokensPerSecond:
      sketch.calls * share >= LEAST_SEEN && sketch.tokensMs > 0 ? (sketch.tokens / sketch.tokensMs) * 1000 : null,
  }
}
