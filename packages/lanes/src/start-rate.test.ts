import { expect, it } from 'vitest'
import { createStartRate } from './start-rate.ts'

const SECOND = { forMs: 1_000, starts: 10, tokens: 15_000, busy: true }

it('counts only while somebody waits', () => {
  const rate = createStartRate()
  for (let i = 0; i < 10; i++) rate.add({ ...SECOND, starts: 1, tokens: 1_500, busy: false })
  expect(rate.perSecond()).toBeNull()
  for (let i = 0; i < 5; i++) rate.add(SECOND)
  expect(rate.perSecond()).toBe(10)
  expect(rate.tokensPerStart()).toBe(1_500)
})

it('forgets what is older than its window', () => {
  const rate = createStartRate(10_000)
  for (let i = 0; i < 30; i++) rate.add({ ...SECOND, starts: 100 })
  for (let i = 0; i < 10; i++) rate.add(SECOND)
  expect(rate.perSecond()).toBe(10)
})

it('follows the size of what is started', () => {
  const rate = createStartRate()
  expect(rate.tokensPerStart()).toBeNull()
  rate.add(SECOND)
  for (let i = 0; i < 60; i++) rate.add({ ...SECOND, tokens: 30_000 })
  expect(rate.tokensPerStart()).toBeCloseTo(3_000, -1)
})
