import type { JobFailure } from '@switchyard/contract/broker-error'
import { ERROR_TABLE } from '@switchyard/contract/error-table'

export type Headers = Record<string, string>

/** What stands beside an error body: when to come again, and `x-should-retry: false` where the SDKs would try again in vain. */
export function failureHeaders(failure: JobFailure): Headers {
  const headers: Headers = { 'content-type': 'application/json' }
  const retryAfterSeconds = failure.retryAfterSeconds ?? (failure.status === 503 ? 1 : undefined)
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  if (failure.status === 401) headers['www-authenticate'] = 'Bearer'
  if (isRetriedByClients(failure.status) && !isRetryable(failure)) headers['x-should-retry'] = 'false'
  return headers
}

function isRetriedByClients(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/** A provider's own code is none of ours; its status then decides. */
function isRetryable(failure: JobFailure): boolean {
  const { code } = failure.error
  return code === null || !Object.hasOwn(ERROR_TABLE, code) || ERROR_TABLE[code as keyof typeof ERROR_TABLE].retryable
}
