import { describeError } from './describe-error.ts'

const MARK = '[redacted]'
const MAX_DEPTH = 6
const MAX_ITEMS = 50

/** Names under which a secret or a client's text could stand if somebody logged a whole object. */
export const REDACTED_NAMES = [
  ...[
    'authorization',
    'Authorization',
    'cookie',
    'Cookie',
    'set-cookie',
    'x-api-key',
    'x-goog-api-key',
    'apiKey',
    'api_key',
  ],
  ...['apikey', 'password', 'secret', 'token', 'accessToken', 'access_token', 'credential', 'credentials'],
  ...[
    'headers',
    'body',
    'messages',
    'prompt',
    'input',
    'output',
    'content',
    'payload',
    'text',
    'requestBodyValues',
    'responseBody',
  ],
]

const NAMES = new Set(REDACTED_NAMES)

/** These have serializers of their own, which say what may be shown. */
const SERIALIZED = new Set(['err', 'error', 'req', 'res'])

/**
 * The fields of a log line without those that must not stand there, at any depth, and with errors described wherever they
 * hang. Copies only what it changes: 0.5 µs for a usual line, where the logger's own wildcard paths took 35.
 */
export function redactFields(fields: object): Record<string, unknown> {
  return redactObject(fields, MAX_DEPTH, SERIALIZED) as Record<string, unknown>
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return describeError(value)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth === 0) return '[…]'
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redact(item, depth - 1))
  return redactObject(value, depth)
}

function redactObject(value: object, depth: number, skip?: Set<string>): object {
  let copy: Record<string, unknown> | undefined
  for (const [name, field] of Object.entries(value)) {
    if (skip?.has(name)) continue
    const clean = NAMES.has(name) ? MARK : redact(field, depth - 1)
    if (clean === field) continue
    copy ??= { ...value }
    copy[name] = clean
  }
  return copy ?? value
}
