import { ERROR_TABLE, type ErrorCode } from './error-table.ts'

/** The body of every error a client sees (OpenAI's shape); `attempts` lists what was tried, where something was. */
export interface ErrorBody {
  message: string
  type: string
  param: string | null
  code: string | null
  attempts?: { deployment: string; error_code: string | null; status: number | null }[]
}

/** A job's failure as its waiting client gets it: HTTP status, body, and seconds after which trying again may help. */
export interface JobFailure {
  status: number
  error: ErrorBody
  retryAfterSeconds?: number
}

const MARK = Symbol.for('switchyard.broker-error')

/** The only error that crosses a package's border. Decide by `code`, never by `message`. */
export class BrokerError extends Error {
  readonly [MARK] = true
  readonly code: ErrorCode
  readonly param: string | null
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { param?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BrokerError'
    this.code = code
    this.param = options.param ?? null
    this.retryAfterMs = options.retryAfterMs
  }

  get status(): number {
    return ERROR_TABLE[this.code].status
  }

  static is(error: unknown): error is BrokerError {
    return typeof error === 'object' && error !== null && MARK in error
  }
}

/** What a client, or a job's record, keeps of a broker error. */
export function toFailure(error: BrokerError): JobFailure {
  const { status, type } = ERROR_TABLE[error.code]
  return {
    status,
    error: { message: error.message, type, param: error.param, code: error.code },
    ...(error.retryAfterMs === undefined
      ? {}
      : { retryAfterSeconds: Math.max(1, Math.ceil(error.retryAfterMs / 1000)) }),
  }
}

/** A failure by code, for those that are born as values and never thrown. */
export function failure(
  code: ErrorCode,
  message: string,
  options: { param?: string; retryAfterMs?: number } = {},
): JobFailure {
  return toFailure(new BrokerError(code, message, options))
}
