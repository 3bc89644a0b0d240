import { failure } from '@switchyard/contract/broker-error'
import { describe, expect, it } from 'vitest'
import { failureHeaders } from './failure-headers.ts'

describe('failureHeaders', () => {
  it.each([
    [failure('invalid_value', 'x'), {}],
    [failure('invalid_api_key', 'x'), { 'www-authenticate': 'Bearer' }],
    [failure('job_not_finished', 'x'), {}],
    [failure('rate_limit_exceeded', 'x', { retryAfterMs: 1_200 }), { 'retry-after': '2' }],
    [failure('insufficient_quota', 'x'), { 'x-should-retry': 'false' }],
    [failure('service_unavailable', 'x'), { 'retry-after': '1' }],
    [failure('job_quarantined', 'x'), { 'x-should-retry': 'false' }],
    [failure('provider_error', 'x'), {}],
    [{ status: 500, error: { message: 'x', type: 'server_error', param: null, code: 'their_own_code' } }, {}],
  ])('$error.code', (reason, expected) => {
    expect(failureHeaders(reason)).toEqual({ 'content-type': 'application/json', ...expected })
  })
})
