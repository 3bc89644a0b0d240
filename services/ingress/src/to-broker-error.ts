import { BrokerError } from '@switchyard/contract/broker-error'
import type { ErrorCode } from '@switchyard/contract/error-table'

const WRONG_TYPE = 'The body must be sent as content-type: application/json.'

/** Fastify's own errors (https://fastify.dev/docs/latest/Reference/Errors/) that a caller can bring about. */
const FRAMEWORK: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request_too_large', 'The body is larger than this endpoint accepts.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', WRONG_TYPE],
  FST_ERR_CTP_INVALID_TYPE: ['unsupported_media_type', WRONG_TYPE],
  FST_ERR_BAD_URL: ['invalid_url', 'The path of the request is not valid.'],
  FST_ERR_MAX_PARAM_LENGTH: ['invalid_url', 'The path of the request is too long.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The body has another length than content-length says.'],
}

/** Every error as one of ours: the framework's by its code, anything unforeseen as `internal_error` with nothing of its message. */
export function toBrokerError(error: unknown): BrokerError {
  if (BrokerError.is(error)) return error
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown
    statusCode?: unknown
  }
  const known = typeof code === 'string' ? FRAMEWORK[code] : undefined
  if (known) return new BrokerError(known[0], known[1], { cause: error })
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new BrokerError('invalid_request', 'The request could not be read.', { cause: error })
  }
  return new BrokerError('internal_error', 'The server failed to handle the request.', { cause: error })
}
