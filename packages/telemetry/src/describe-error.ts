const MAX_MESSAGE = 500
const MAX_CAUSES = 4

/** What a log may know of an error. */
export interface ErrorDescription {
  type: string
  message: string
  code?: string
  status?: number
  stack?: string
  cause?: ErrorDescription
}

/**
 * An error for the log, by allow-list: class, cut message, code, HTTP status, stack, and its causes four deep. Whatever
 * else hangs on it (headers, request and response bodies, configs of HTTP clients) is dropped.
 */
export function describeError(error: unknown): ErrorDescription {
  return describe(error, MAX_CAUSES)
}

function describe(error: unknown, depth: number): ErrorDescription {
  if (!(error instanceof Error))
    return { type: typeof error, message: cut(typeof error === 'string' ? error : 'not an Error') }
  const { code, status, statusCode } = error as { code?: unknown; status?: unknown; statusCode?: unknown }
  const httpStatus = typeof status === 'number' ? status : statusCode
  const description: ErrorDescription = { type: error.name, message: cut(error.message) }
  if (typeof code === 'string' || typeof code === 'number') description.code = String(code).slice(0, 100)
  if (typeof httpStatus === 'number') description.status = httpStatus
  const stack = frames(error.stack)
  if (stack !== undefined) description.stack = stack
  if (error.cause !== undefined && error.cause !== null && depth > 1)
    description.cause = describe(error.cause, depth - 1)
  return description
}

/** Only the frames: the stack's head repeats the message at full length. */
function frames(stack: string | undefined): string | undefined {
  const lines = stack?.split('\n').filter((line) => /^\s+at /.test(line))
  return lines === undefined || lines.length === 0 ? undefined : lines.slice(0, 12).join('\n')
}

function cut(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message
}
