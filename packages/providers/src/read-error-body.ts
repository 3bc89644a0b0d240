import { parseProtoDuration } from './parse-retry-after.ts'

/** A provider's error body, whatever its shape. Names are as the provider writes them. */
export interface ProviderError {
  message: string | null
  /** OpenAI's and Anthropic's `type`, Google's `status`. */
  type: string | null
  code: string | null
  param: string | null
  /** Google's `details[].reason`. */
  reasons: string[]
  /** Google's RetryInfo. */
  retryAfterMs: number | undefined
  /** A `code` that is an HTTP status: Google, and OpenRouter inside a stream. */
  status: number | null
}

/**
 * Reads `{error: {…}}` of OpenAI, Anthropic and Google, and the variants of compatible servers: an array of one, `error` as a
 * string, the fields at the top, FastAPI's `detail`. Null where there is no error in it.
 */
export function readErrorBody(text: string): ProviderError | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return null
  }
  return readErrorObject(parsed)
}

/** As `readErrorBody`, from a parsed value. */
export function readErrorObject(parsed: unknown): ProviderError | null {
  const body = Array.isArray(parsed) ? parsed[0] : parsed
  if (!isRecord(body)) return null
  if (isRecord(body.error)) return fromFields(body.error)
  if (typeof body.error === 'string') return fromFields({ ...body, message: body.error })
  if (typeof body.detail === 'string') return fromFields({ ...body, message: body.detail })
  if (body.object === 'error' || body.type === 'error') return fromFields(body)
  if (typeof body.message === 'string' && body.choices === undefined) return fromFields(body)
  return null
}

function fromFields(error: Record<string, unknown>): ProviderError {
  const details = Array.isArray(error.details) ? error.details.filter(isRecord) : []
  const status = Number(error.code)
  const retryDelay = details.map((detail) => detail.retryDelay).find((delay) => typeof delay === 'string')
  return {
    message: text(error.message),
    type: text(error.type) ?? text(error.status),
    code: text(error.code),
    param: text(error.param),
    reasons: details.map((detail) => detail.reason).filter((reason) => typeof reason === 'string'),
    retryAfterMs: retryDelay === undefined ? undefined : parseProtoDuration(retryDelay),
    status: Number.isInteger(status) && status >= 400 && status < 600 ? status : null,
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
