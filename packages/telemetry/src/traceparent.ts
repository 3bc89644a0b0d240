/** W3C trace context of one span, in its parts: 32 and 16 lower-case hex digits, and whether the trace is recorded. */
export interface TraceContext {
  traceId: string
  spanId: string
  sampled: boolean
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const FUTURE_TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})-/
const LENGTH = 55
const SAMPLED = 1

/**
 * Reads a `traceparent` header that anybody may have written (https://www.w3.org/TR/trace-context/ §3.2). Returns it in
 * version 00 with no flag but *sampled*, or undefined for anything malformed, repeated, oversized or all zero.
 * `tracestate` and `baggage` are not read at all: nothing a stranger chose travels on.
 */
export function parseTraceparent(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header.length < LENGTH || header.length > 512) return undefined
  const match = TRACEPARENT.exec(header) ?? FUTURE_TRACEPARENT.exec(header)
  if (match === null) return undefined
  const [, version, traceId = '', spanId = '', flags = ''] = match
  if (version === 'ff' || (version === '00' && header.length !== LENGTH)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return formatTraceparent({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED })
}

/** Takes a traceparent of our own apart; a cut or foreign one gives undefined. Cheaper than parsing: it runs for every span. */
export function readTraceparent(traceparent: string): TraceContext | undefined {
  if (traceparent.length !== LENGTH || !traceparent.startsWith('00-')) return undefined
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    sampled: traceparent.charCodeAt(54) % 2 === 1,
  }
}

export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`
}
