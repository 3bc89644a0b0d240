import type { AttemptFailure } from '@switchyard/contract/error-class'
import { expect, test } from 'vitest'
import { refusalOf } from './refusal.ts'

const failure = (over: Partial<AttemptFailure>): AttemptFailure => ({
  class: 'server',
  message: '',
  status: 500,
  ...over,
})

test.each([
  [
    { class: 'rate_limited', status: 429, retryAfterMs: 7_000 },
    { retryAfterMs: 7_000, rateLimited: true, overloaded: true },
  ],
  [
    { class: 'rate_limited', status: 429 },
    { retryAfterMs: 1_000, rateLimited: true, overloaded: true },
  ],
  [{ class: 'overloaded', status: 529 }, { overloaded: true }],
  [{ class: 'server', status: 504 }, { overloaded: true }],
  [{ class: 'server', status: null }, { overloaded: true }],
  [{ class: 'server', status: 500 }, null],
  [{ class: 'invalid_request', status: 400 }, null],
  [{ class: 'cancelled', status: null }, null],
] as const)('%j teaches %j', (over, expected) => {
  expect(refusalOf(failure(over))).toEqual(expected)
})
