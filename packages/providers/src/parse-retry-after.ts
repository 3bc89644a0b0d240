/** No provider is believed that wants us away for longer: an absurd value is a mistake of theirs. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000

const HTTP_DATE = /^[A-Z][a-z]{2,8},? /

/**
 * How long a provider asks us to wait, in ms, between 0 and 24 h: `retry-after-ms`, else `retry-after` as seconds or as an
 * HTTP date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). Undefined where neither can be read.
 */
export function parseRetryAfter(
  ms: string | undefined,
  retryAfter: string | undefined,
  nowMs: number,
): number | undefined {
  const exact = decimal(ms)
  if (exact !== undefined) return bounded(exact)
  const seconds = decimal(retryAfter)
  if (seconds !== undefined) return bounded(seconds * 1000)
  if (retryAfter === undefined || !HTTP_DATE.test(retryAfter)) return undefined
  const at = Date.parse(retryAfter)
  return Number.isNaN(at) ? undefined : bounded(at - nowMs)
}

/** A protobuf duration of a Gemini error (`"37s"`, `"0.5s"`). */
export function parseProtoDuration(text: string): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1]
  return seconds === undefined ? undefined : bounded(Number(seconds) * 1000)
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : undefined
}

function bounded(ms: number): number {
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, Math.ceil(ms)))
}
