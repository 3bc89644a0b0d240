import type { IncomingHttpHeaders } from 'node:http'
import { parseRetryAfter } from './parse-retry-after.ts'

export interface RateLimitWindow {
  limit?: number
  remaining?: number
  /** From now until the window is full again. */
  resetMs?: number
}

/** What a provider said of its rate limits in one answer; only what it said. Times are milliseconds from now. */
export interface RateLimitFacts {
  retryAfterMs?: number
  requests?: RateLimitWindow
  tokens?: RateLimitWindow
  inputTokens?: RateLimitWindow
  outputTokens?: RateLimitWindow
}

type Names = { limit: string; remaining: string; reset: string }

const openAiNames = (unit: string): Names => ({
  limit: `x-ratelimit-limit${unit}`,
  remaining: `x-ratelimit-remaining${unit}`,
  reset: `x-ratelimit-reset${unit}`,
})
const anthropicNames = (unit: string): Names => ({
  limit: `anthropic-ratelimit-${unit}-limit`,
  remaining: `anthropic-ratelimit-${unit}-remaining`,
  reset: `anthropic-ratelimit-${unit}-reset`,
})

/** First name that is there wins; the bare `x-ratelimit-*` of some compatible servers counts requests. */
const WINDOWS: { window: 'requests' | 'tokens' | 'inputTokens' | 'outputTokens'; names: Names[] }[] = [
  { window: 'requests', names: [openAiNames('-requests'), anthropicNames('requests'), openAiNames('')] },
  { window: 'tokens', names: [openAiNames('-tokens'), anthropicNames('tokens')] },
  { window: 'inputTokens', names: [anthropicNames('input-tokens')] },
  { window: 'outputTokens', names: [anthropicNames('output-tokens')] },
]

/** Reads `x-ratelimit-*`, `anthropic-ratelimit-*`, `retry-after` and `retry-after-ms`; what cannot be read is left out. */
export function rateLimitFacts(headers: IncomingHttpHeaders, nowMs: number = Date.now()): RateLimitFacts {
  const facts: RateLimitFacts = {}
  const retryAfterMs = parseRetryAfter(one(headers, 'retry-after-ms'), one(headers, 'retry-after'), nowMs)
  if (retryAfterMs !== undefined) facts.retryAfterMs = retryAfterMs
  for (const { window, names } of WINDOWS) {
    for (const name of names) {
      const found = readWindow(headers, name, nowMs)
      if (found !== undefined) {
        facts[window] = found
        break
      }
    }
  }
  return facts
}

function readWindow(headers: IncomingHttpHeaders, names: Names, nowMs: number): RateLimitWindow | undefined {
  const found: RateLimitWindow = {}
  const limit = count(one(headers, names.limit))
  const remaining = count(one(headers, names.remaining))
  const resetMs = parseReset(one(headers, names.reset), nowMs)
  if (limit !== undefined) found.limit = limit
  if (remaining !== undefined) found.remaining = remaining
  if (resetMs !== undefined) found.resetMs = resetMs
  return limit === undefined && remaining === undefined ? undefined : found
}

function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

function count(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text.trim())) return undefined
  return Number(text)
}

const DURATION = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/

/** OpenAI writes a duration (`6m0s`, `120ms`), Anthropic a time (RFC 3339), others seconds or an epoch time in s or ms. */
function parseReset(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (Number.isFinite(value)) {
    if (value > 1e11) return atLeastZero(value - nowMs)
    if (value > 1e9) return atLeastZero(value * 1000 - nowMs)
    return atLeastZero(value * 1000)
  }
  const parts = DURATION.exec(text)
  if (parts !== null) {
    const [d, h, m, s, ms] = parts.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number]
    return atLeastZero((((d * 24 + h) * 60 + m) * 60 + s) * 1000 + ms)
  }
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : atLeastZero(at - nowMs)
}

const atLeastZero = (ms: number): number => Math.max(0, Math.round(ms))
