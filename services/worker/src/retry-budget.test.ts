import { expect, test } from 'vitest'
import { createRetryBudget } from './retry-budget.ts'

function atWill() {
  let nowMs = 1_000_000
  const budget = createRetryBudget(
    () => 10,
    () => nowMs,
  )
  return {
    budget,
    pass(ms: number) {
      nowMs += ms
    },
  }
}

/** How many further calls it allows when every one that is allowed is made. */
function spend(budget: ReturnType<typeof createRetryBudget>, deployment: string): number {
  let extra = 0
  for (; budget.allows(deployment); extra++) budget.extra(deployment)
  return extra
}

test('a deployment with few calls may fail a few times', () => {
  expect(spend(atWill().budget, 'opus')).toBe(10)
})

test('one with many may cost a tenth of them more, each deployment its own', () => {
  const { budget } = atWill()
  for (let i = 0; i < 1_000; i++) budget.first('opus')
  expect(spend(budget, 'opus')).toBe(100)
  expect(budget.allows('gpt')).toBe(true)
})

test('what is a minute ago counts for nothing, on either side', () => {
  const { budget, pass } = atWill()
  for (let i = 0; i < 1_000; i++) budget.first('opus')
  pass(30_000)
  expect(spend(budget, 'opus')).toBe(100)
  pass(35_000)
  expect(budget.allows('opus')).toBe(false)
  pass(30_000)
  expect(spend(budget, 'opus')).toBe(10)
})
