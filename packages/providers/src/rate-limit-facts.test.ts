import { describe, expect, test } from 'vitest'
import { parseRetryAfter } from './parse-retry-after.ts'
import { rateLimitFacts } from './rate-limit-facts.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0)
const DAY = 86_400_000

describe('rate limit headers', () => {
  test('of OpenAI', () => {
    const headers = {
      'x-ratelimit-limit-requests': '500',
      'x-ratelimit-remaining-requests': '499',
      'x-ratelimit-reset-requests': '120ms',
      'x-ratelimit-limit-tokens': '30000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '1h6m0.5s',
    }
    expect(rateLimitFacts(headers, NOW)).toEqual({
      requests: { limit: 500, remaining: 499, resetMs: 120 },
      tokens: { limit: 30_000, remaining: 0, resetMs: 3_960_500 },
    })
  })

  test('of Anthropic', () => {
    const at = new Date(NOW + 30_000).toISOString()
    const window = (unit: string, limit: number) => ({
      [`anthropic-ratelimit-${unit}-limit`]: String(limit),
      [`anthropic-ratelimit-${unit}-remaining`]: '7',
      [`anthropic-ratelimit-${unit}-reset`]: at,
    })
    const headers = {
      ...window('requests', 1),
      ...window('tokens', 2),
      ...window('input-tokens', 3),
      ...window('output-tokens', 4),
    }
    expect(rateLimitFacts(headers, NOW)).toEqual({
      requests: { limit: 1, remaining: 7, resetMs: 30_000 },
      tokens: { limit: 2, remaining: 7, resetMs: 30_000 },
      inputTokens: { limit: 3, remaining: 7, resetMs: 30_000 },
      outputTokens: { limit: 4, remaining: 7, resetMs: 30_000 },
    })
  })

  test.each([
    ['seconds', '2', 2_000],
    ['epoch seconds', String((NOW + 5_000) / 1000), 5_000],
    ['epoch milliseconds', String(NOW + 5_000), 5_000],
    ['a time that is over', new Date(NOW - 5_000).toISOString(), 0],
    ['nonsense', 'soon', undefined],
  ])('a reset in %s', (_what, text, resetMs) => {
    const facts = rateLimitFacts({ 'x-ratelimit-limit': '9', 'x-ratelimit-reset': text }, NOW)
    expect(facts.requests).toEqual({ limit: 9, ...(resetMs === undefined ? {} : { resetMs }) })
  })

  test('that say nothing teach nothing', () => {
    expect(
      rateLimitFacts(
        {
          'x-ratelimit-limit-requests': '-5',
          'x-ratelimit-remaining-tokens': 'many',
          'x-ratelimit-reset-tokens': '1s',
        },
        NOW,
      ),
    ).toEqual({})
  })
})

test.each([
  [undefined, '20', 20_000],
  [undefined, '0.4', 400],
  ['1500', '20', 1_500],
  ['soon', '20', 20_000],
  [undefined, 'Mon, 23 Nov 2026 12:00:10 GMT', 10_000],
  [undefined, 'Mon, 23 Nov 2026 11:00:00 GMT', 0],
  [undefined, '99999999999', DAY],
  [undefined, '-5', undefined],
  [undefined, 'never', undefined],
  [undefined, undefined, undefined],
])('retry-after-ms %j and retry-after %j ask for %j ms', (ms, retryAfter, expected) => {
  expect(parseRetryAfter(ms, retryAfter, NOW)).toBe(expected)
})
