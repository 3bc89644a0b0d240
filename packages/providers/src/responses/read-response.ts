import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Usage } from '@switchyard/contract/usage'
import { classifyStreamError } from '../classify-stream-error.ts'
import { type ProviderError, readErrorObject } from '../read-error-body.ts'

export type Fields = Record<string, unknown>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The `usage` of a response object; null where it is missing or makes no sense. */
export function readResponseUsage(value: unknown): Usage | null {
  if (!isFields(value)) return null
  const inputTokens = tokens(value.input_tokens)
  const outputTokens = tokens(value.output_tokens)
  if (inputTokens === null || outputTokens === null) return null
  const input = isFields(value.input_tokens_details) ? value.input_tokens_details : {}
  const output = isFields(value.output_tokens_details) ? value.output_tokens_details : {}
  return {
    inputTokens,
    cachedInputTokens: Math.min(inputTokens, tokens(input.cached_tokens) ?? 0),
    cacheWriteTokens: Math.min(inputTokens, tokens(input.cache_write_tokens) ?? 0),
    outputTokens,
    reasoningTokens: Math.min(outputTokens, tokens(output.reasoning_tokens) ?? 0),
  }
}

function tokens(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** A response that says of itself that it failed, as what it says. */
export function failedResponse(response: Fields, sawContent: boolean): AttemptFailure {
  return classifyStreamError('openai', readErrorObject({ error: response.error }) ?? UNNAMED, sawContent)
}

const UNNAMED: ProviderError = {
  message: null,
  type: null,
  code: null,
  param: null,
  reasons: [],
  retryAfterMs: undefined,
  status: null,
}

/** An `error` event: its fields stand beside `type`, or under `error`. */
export function errorEvent(event: Fields, sawContent: boolean): AttemptFailure {
  const error = isFields(event.error) ? event.error : { ...event, type: undefined }
  return classifyStreamError('openai', readErrorObject({ error }) ?? UNNAMED, sawContent)
}

/** The dialect's end markers; `failed` is one that says why. */
export function isFinal(type: unknown): boolean {
  return type === 'response.completed' || type === 'response.incomplete'
}

/** Does this event show something to the user? */
export function showsContent(event: Fields): boolean {
  const { type, item } = event
  if (typeof type !== 'string') return false
  if (type === 'response.output_item.added')
    return isFields(item) && item.type !== 'message' && item.type !== 'reasoning'
  return type.endsWith('.delta')
}
