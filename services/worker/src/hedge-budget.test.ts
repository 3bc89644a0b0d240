import { expect, test } from 'vitest'
import { createHedgeBudget } from './hedge-budget.ts'

test('never more than one hedge for twenty calls', () => {
  const budget = createHedgeBudget()
  let hedges = 0
  for (let calls = 1; calls <= 1_000; calls++) {
    budget.earn()
    while (budget.take()) hedges++
    expect(hedges).toBeLessThanOrEqual(calls / 20)
  }
  expect(hedges).toBe(50)
})

test('one that did not begin may begin later', () => {
  const budget = createHedgeBudget()
  for (let calls = 0; calls < 20; calls++) budget.earn()
  expect(budget.take()).toBe(true)
  budget.giveBack()
  expect([budget.take(), budget.take()]).toEqual([true, false])
})

test('a quiet time saves up to ten', () => {
  const budget = createHedgeBudget()
  for (let calls = 0; calls < 10_000; calls++) budget.earn()
  let hedges = 0
  while (budget.take()) hedges++
  expect(hedges).toBe(10)
})
