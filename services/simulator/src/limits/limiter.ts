import type { Admission, Rejection } from './admission.ts'
import type { ModelSettings } from './model-settings.ts'
import { createSlidingWindow, type SlidingWindow } from './sliding-window.ts'

/** Callers remembered; the one unused for longest makes room, unless it has calls in flight. */
const MOST_CALLERS = 10_000
/** A refused caller without a slot is told to come back in a second. */
const IN_FLIGHT_RETRY_MS = 1_000

interface Caller {
  windowMs: number
  requests: SlidingWindow
  tokens: SlidingWindow
  inFlight: number
}

export interface Limiter {
  /** Counts a call of `key` to `model`, or says why not; `release` once it is over. */
  admit(key: string, model: string, tokens: number, settings: ModelSettings): Admission | Rejection
  release(key: string, model: string): void
  clear(): void
}

/** The upstream's own limits for each (key, model): requests and tokens in a sliding minute, calls at once. */
export function createLimiter(now: () => number = Date.now): Limiter {
  const callers = new Map<string, Caller>()

  function callerOf(id: string, windowMs: number): Caller {
    let caller = callers.get(id)
    if (caller === undefined || caller.windowMs !== windowMs) {
      const inFlight = caller?.inFlight ?? 0
      const window = () => createSlidingWindow(windowMs)
      caller = { windowMs, requests: window(), tokens: window(), inFlight }
      callers.set(id, caller)
      if (callers.size > MOST_CALLERS) makeRoom()
    }
    return caller
  }

  function makeRoom(): void {
    for (const [id, caller] of callers) {
      if (caller.inFlight > 0) continue
      callers.delete(id)
      return
    }
  }

  return {
    admit(key, model, tokens, settings) {
      const nowMs = now()
      const caller = callerOf(`${key} ${model}`, settings.windowMs)
      const requestsUsed = caller.requests.total(nowMs)
      const tokensUsed = caller.tokens.total(nowMs)
      if (caller.inFlight >= settings.inFlight) {
        const counts = { limit: settings.inFlight, used: caller.inFlight, requested: 1 }
        return { scope: 'in_flight', ...counts, retryAfterMs: IN_FLIGHT_RETRY_MS }
      }
      if (requestsUsed + 1 > settings.rpm) {
        const retryAfterMs = caller.requests.msUntil(settings.rpm - 1, nowMs)
        return { scope: 'requests', limit: settings.rpm, used: requestsUsed, requested: 1, retryAfterMs }
      }
      if (tokensUsed + tokens > settings.tpm) {
        const retryAfterMs = caller.tokens.msUntil(settings.tpm - tokens, nowMs)
        return { scope: 'tokens', limit: settings.tpm, used: tokensUsed, requested: tokens, retryAfterMs }
      }
      caller.requests.add(1, nowMs)
      caller.tokens.add(tokens, nowMs)
      caller.inFlight++
      const allowance = (limit: number, used: number) => ({
        limit,
        remaining: Math.max(0, limit - used),
        resetMs: Math.ceil((used / Math.max(1, limit)) * settings.windowMs),
      })
      return {
        requests: allowance(settings.rpm, requestsUsed + 1),
        tokens: allowance(settings.tpm, tokensUsed + tokens),
      }
    },
    release(key, model) {
      const caller = callers.get(`${key} ${model}`)
      if (caller !== undefined && caller.inFlight > 0) caller.inFlight--
    },
    clear() {
      for (const [id, caller] of callers) {
        // Calls that still run must find their slot when they end.
        if (caller.inFlight === 0) callers.delete(id)
        else callers.set(id, { ...caller, windowMs: 0 })
      }
    },
  }
}
