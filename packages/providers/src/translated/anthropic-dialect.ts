import type { Usage } from '@switchyard/contract/usage'
import { classifyError } from '../classify-error.ts'
import { readErrorObject } from '../read-error-body.ts'
import { brokenStream } from './broken-stream.ts'
import type { RawDialect } from './raw-dialect.ts'
import { longWrites } from './sdk-usage.ts'

/** New kinds of events may come at any time (https://docs.anthropic.com/en/api/versioning); these are the ones there are. */
const KNOWN = new Set([
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
])

/** The stream of `/v1/messages`: between `message_start` and `message_stop`, nothing else ends it. */
export function anthropicDialect(): RawDialect {
  let started: AnthropicUsage | undefined
  let usage: Usage | null = null
  return {
    endsWithBody: false,
    get usage() {
      return usage
    },
    event(line) {
      const event = parseObject(line) as AnthropicEvent | null
      if (event === null)
        return { kind: 'failure', failure: brokenStream('the provider sent an event that is not JSON') }
      if (event.type === 'error') {
        const error = readErrorObject(event)
        return error === null
          ? { kind: 'failure', failure: brokenStream('the provider sent an error that cannot be read') }
          : { kind: 'error', error }
      }
      if (event.type === 'message_stop') {
        return started === undefined
          ? { kind: 'failure', failure: brokenStream('the stream ended without an answer') }
          : { kind: 'pass', line, last: true }
      }
      if (!KNOWN.has(event.type ?? '')) return { kind: 'skip' }
      if (event.type === 'message_start') started = event.message?.usage ?? {}
      // Cumulative values, and only those that changed: later ones replace earlier ones.
      if (event.type === 'message_delta') usage = toUsage({ ...started, ...withoutNulls(event.usage) })
      return { kind: 'pass', line, last: false }
    },
    body(text) {
      const body = parseObject(text)
      if (body === null) return { class: 'server', message: 'the answer is not JSON', status: 200 }
      if (body.type === 'message') return { text }
      if (body.type === 'error') return classifyError('anthropic', 500, {}, text)
      return { class: 'server', message: 'the answer is not a message', status: 200 }
    },
  }
}

interface AnthropicUsage {
  input_tokens?: number
  output_tokens?: number
  cache_read_input_tokens?: number
  cache_creation_input_tokens?: number
  cache_creation?: { ephemeral_1h_input_tokens?: number }
  output_tokens_details?: { thinking_tokens?: number }
}

interface AnthropicEvent {
  type?: string
  usage?: AnthropicUsage
  message?: { usage?: AnthropicUsage }
}

function toUsage(raw: AnthropicUsage): Usage | null {
  const { input_tokens: plain, output_tokens: outputTokens } = raw
  if (!isCount(plain) || !isCount(outputTokens)) return null
  const cachedInputTokens = raw.cache_read_input_tokens ?? 0
  const cacheWriteTokens = raw.cache_creation_input_tokens ?? 0
  return {
    inputTokens: plain + cachedInputTokens + cacheWriteTokens,
    cachedInputTokens,
    cacheWriteTokens,
    ...longWrites(raw),
    outputTokens,
    reasoningTokens: raw.output_tokens_details?.thinking_tokens ?? 0,
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function withoutNulls<T extends object>(values: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== null)) as Partial<T>
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
