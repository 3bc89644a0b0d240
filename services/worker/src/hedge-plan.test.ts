import type { Observed } from '@switchyard/contract/observed'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { expect, test } from 'vitest'
import { usualMs } from './hedge-plan.ts'

const SEEN: Observed = {
  breaker: 'closed',
  reopensAtMs: null,
  cause: null,
  calls: 100,
  errorRate: 0,
  ttftMs: { p50: 200, p95: 900 },
  tokensPerSecond: 50,
}

test.each<[string, number | null, boolean, Observed | undefined]>([
  ['a stream, after the time of 95 of 100', 900, true, SEEN],
  // 20 tokens at 50 a second.
  ['an answer in one piece, when it should be written', 1_300, false, SEEN],
  ['never where nothing was seen', null, true, undefined],
  ['nor where too little was', null, true, { ...SEEN, ttftMs: null }],
  ['nor in one piece at an unknown speed', null, false, { ...SEEN, tokensPerSecond: null }],
  ['nor a probe', null, true, { ...SEEN, breaker: 'half_open', reopensAtMs: 1 }],
  ['nor a last resort', null, true, { ...SEEN, breaker: 'open', reopensAtMs: 1 }],
])('is late: %s', (_name, expected, stream, seen) => {
  const spec = newSpec({ stream, estimate: { inputTokens: 1_000, outputTokens: 20 } })
  expect(usualMs(spec, seen)).toBe(expected)
})
