import type { Observed } from '@switchyard/contract/observed'
import { PROFILES } from './latency-profiles.ts'
import type { Fate } from './workload.ts'

/** What planners see is as old as this at most, as in the fleet. */
const REPORT_MS = 1_000
/** Observations older than this count no more. */
const MEMORY_MS = 60_000
/** With fewer there is nothing to say. */
const LEAST_CALLS = 5

interface EndedCall {
  atMs: number
  fate: Fate
  outputTokens: number
}

/** Deployments with slots and a queue each, and what a fleet of workers would report of them. */
export interface SimulatedFleet {
  /** When a call that arrives now would start. Exact: who knows it, knows the future. */
  startsAtMs(profile: number, nowMs: number): number
  /** Runs a call; gives the moment of its end. */
  run(profile: number, nowMs: number, fate: Fate, outputTokens: number): number
  /** As reported last. */
  observed(profile: number, nowMs: number): Observed | undefined
  waitMs(profile: number, nowMs: number): number
}

export function createSimulatedFleet(): SimulatedFleet {
  /** When each slot is free. */
  const slots = PROFILES.map(({ slots }) => new Float64Array(slots))
  const calls: EndedCall[][] = PROFILES.map(() => [])
  const reports: ({ tick: number; observed: Observed | undefined; waitMs: number } | undefined)[] = []

  function firstFree(profile: number): number {
    const free = slots[profile]!
    let first = 0
    for (let i = 1; i < free.length; i++) if (free[i]! < free[first]!) first = i
    return first
  }

  function report(profile: number, nowMs: number) {
    const tick = Math.floor(nowMs / REPORT_MS)
    const last = reports[profile]
    if (last?.tick === tick) return last
    const atMs = tick * REPORT_MS
    const waitMs = Math.max(0, slots[profile]![firstFree(profile)]! - atMs)
    const made = { tick, observed: observe(calls[profile]!, atMs), waitMs }
    reports[profile] = made
    return made
  }

  return {
    startsAtMs: (profile, nowMs) => Math.max(nowMs, slots[profile]![firstFree(profile)]!),
    run(profile, nowMs, fate, outputTokens) {
      report(profile, nowMs)
      const slot = firstFree(profile)
      const endsAtMs = Math.max(nowMs, slots[profile]![slot]!) + fate.durationMs
      slots[profile]![slot] = endsAtMs
      calls[profile]!.push({ atMs: endsAtMs, fate, outputTokens })
      return endsAtMs
    },
    observed: (profile, nowMs) => report(profile, nowMs).observed,
    waitMs: (profile, nowMs) => report(profile, nowMs).waitMs,
  }
}

/** Of the calls that had ended by then. Forgets the old ones. */
function observe(calls: EndedCall[], atMs: number): Observed | undefined {
  const recent = calls.filter((call) => call.atMs > atMs - MEMORY_MS)
  calls.splice(0, calls.length, ...recent)
  const ended = recent.filter((call) => call.atMs <= atMs)
  if (ended.length < LEAST_CALLS) return undefined
  const answered = ended.filter(({ fate }) => !fate.fails)
  const firsts = answered.map(({ fate }) => fate.ttftMs).toSorted((a, b) => a - b)
  const writing = answered.reduce((sum, { fate }) => sum + fate.durationMs - fate.ttftMs, 0)
  const written = answered.reduce((sum, { outputTokens }) => sum + outputTokens, 0)
  const errorRate = 1 - answered.length / ended.length
  return {
    breaker: errorRate > 0.5 ? 'open' : 'closed',
    reopensAtMs: null,
    cause: errorRate > 0.5 ? 'server' : null,
    calls: ended.length,
    errorRate,
    ttftMs: firsts.length === 0 ? null : { p50: quantile(firsts, 0.5), p95: quantile(firsts, 0.95) },
    tokensPerSecond: writing === 0 ? null : (1000 * written) / writing,
  }
}

/** By nearest rank, of sorted values. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!
}
