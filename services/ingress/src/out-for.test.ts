import type { Observed } from '@switchyard/contract/observed'
import { expect, it } from 'vitest'
import { outForMs } from './out-for.ts'

const SEEN: Observed = {
  breaker: 'closed',
  reopensAtMs: null,
  cause: null,
  calls: 0,
  errorRate: null,
  ttftMs: null,
  tokensPerSecond: null,
}

function outFor(...seen: (Partial<Observed> | undefined)[]): number {
  const deployments = seen.map((_, i) => ({ id: String(i), drop: [] }))
  return outForMs(
    (id) => seen[Number(id)] && { ...SEEN, ...seen[Number(id)] },
    { lane: 'fast.acme', deployments },
    1_000,
  )
}

it('is until the first of several opens again', () => {
  expect(outFor({ breaker: 'open', reopensAtMs: 9_000 }, { breaker: 'open', reopensAtMs: 4_000 })).toBe(3_000)
})

it('is nothing as long as one of them can be called, or may be', () => {
  expect(outFor({ breaker: 'open', reopensAtMs: 9_000 }, {})).toBe(0)
  expect(outFor({ breaker: 'open', reopensAtMs: 9_000 }, { breaker: 'half_open', reopensAtMs: 500 })).toBe(0)
  expect(outFor({ breaker: 'open', reopensAtMs: 9_000 }, undefined)).toBe(0)
  expect(outFor({ breaker: 'open', reopensAtMs: 500 })).toBe(0)
})
