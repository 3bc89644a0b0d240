import { gzipSync } from 'node:zlib'
import type { FaultRule } from '../faults/fault-rule.ts'
import type { DeliveryPlan } from './delivery-plan.ts'

const MEGABYTE = 1024 * 1024
export const HUGE_BYTES = 50 * MEGABYTE
const HUGE_HEADER_BYTES = MEGABYTE
const ENCODING_LAYERS = 1_000
const BYTE_DELAY_MS = 1_000

/**
 * Faults that treat any answer alike, streamed or not: on the faultless plan, null when this fault is none of them.
 * `zero_usage` and `negative_usage` were put into the answer itself; here they change nothing more.
 */
export function planCommonFault(plan: DeliveryPlan, fault: FaultRule, strayBody: string): DeliveryPlan | null {
  switch (fault.kind) {
    case 'zero_usage':
    case 'negative_usage':
      return plan
    case 'no_response':
      if (fault.delayMs !== undefined) return { ...plan, firstMs: fault.delayMs }
      return { ...plan, silent: true, writes: [], characters: [], ending: 'hang' }
    case 'reset':
      if (fault.afterChunks !== undefined) return null
      return { ...plan, silent: true, writes: [], characters: [], ending: 'reset' }
    case 'empty':
      return { ...withLength(plan, 0), writes: [], characters: [] }
    case 'slow_drip': {
      const bytes = Buffer.concat(plan.writes.map((write) => Buffer.from(write)))
      const writes = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
      const each = plan.characters.reduce((sum, count) => sum + count, 0) / Math.max(1, writes.length)
      return { ...plan, writes, characters: writes.map(() => each), gapMs: fault.delayMs ?? BYTE_DELAY_MS }
    }
    case 'wrong_content_type': {
      const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n'
      const body = bodyText(fault) ?? page
      const headers = replace(plan.headers, 'content-type', 'text/html; charset=utf-8')
      return { ...withLength({ ...plan, headers }, Buffer.byteLength(body)), writes: [body], characters: [0] }
    }
    case 'extra_response':
      return { ...plan, stray: strayResponse(strayBody) }
    case 'encoding_bomb': {
      const bomb = gzipBomb(fault.bytes ?? HUGE_BYTES)
      const headers = [...plan.headers, 'content-encoding', 'gzip']
      return { ...withLength({ ...plan, headers }, bomb.length), writes: [bomb], characters: [0] }
    }
    case 'encoding_chain': {
      const layers = Array.from({ length: ENCODING_LAYERS }, () => 'gzip').join(', ')
      return { ...plan, headers: [...plan.headers, 'content-encoding', layers] }
    }
    case 'huge_headers': {
      const filler = 'x'.repeat(fault.bytes ?? HUGE_HEADER_BYTES)
      return { ...plan, headers: [...plan.headers, 'x-filler', filler] }
    }
    default:
      return null
  }
}

/** The rule's own body as text: strings as they are, anything else as JSON. */
export function bodyText(fault: FaultRule): string | null {
  if (fault.body === undefined) return null
  return typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body)
}

/** Streams stay chunked; an answer in one piece says how long it really is. */
export function withLength(plan: DeliveryPlan, bytes: number): DeliveryPlan {
  if (!plan.headers.includes('content-length')) return plan
  return { ...plan, headers: replace(plan.headers, 'content-length', String(bytes)) }
}

function replace(headers: string[], name: string, value: string): string[] {
  return headers.map((entry, i) => (i % 2 === 1 && headers[i - 1] === name ? value : entry))
}

/** Spaces by the megabyte: gzip allows members one after another, so one is compressed and then repeated. */
function gzipBomb(bytes: number): Buffer {
  const whole = Math.floor(bytes / MEGABYTE)
  const member = gzipSync(Buffer.alloc(MEGABYTE, 32))
  return Buffer.concat([...Array.from({ length: whole }, () => member), gzipSync(Buffer.alloc(bytes % MEGABYTE, 32))])
}

function strayResponse(body: string): string {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  return head + body
}
