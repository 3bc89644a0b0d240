import type { Reservation } from '@switchyard/limits/reserve'

/** As long as an absurd `retry-after` is believed. */
const LONGEST_MS = 3_600_000

/**
 * What deployments without any limit said of when to come back. Nothing of theirs is reserved, so each process learns it from a refusal
 * of its own and nobody asks Redis.
 */
export interface ToldWaits {
  note(deployment: string, retryAfterMs: number): void
  /** In a limiter's words: granted, or the moment from which on it will be. */
  reservation(deployment: string): Reservation
}

/** Bounded by the deployments of the catalog. */
export function toldWaits(now: () => number = Date.now): ToldWaits {
  const until = new Map<string, number>()
  return {
    note(deployment, retryAfterMs) {
      const untilMs = now() + Math.min(retryAfterMs, LONGEST_MS)
      if (untilMs > (until.get(deployment) ?? 0)) until.set(deployment, untilMs)
    },
    reservation(deployment) {
      const slotAtMs = until.get(deployment)
      if (slotAtMs === undefined) return { ok: true }
      if (slotAtMs > now()) return { ok: false, slotAtMs, waitingFor: 'requests_per_minute' }
      until.delete(deployment)
      return { ok: true }
    },
  }
}
