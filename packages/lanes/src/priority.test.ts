import { expect, test } from 'vitest'
import { clampPriority, DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY } from './priority.ts'

test.each([
  [0, HIGHEST_PRIORITY],
  [-5, HIGHEST_PRIORITY],
  [1, 1],
  [1.4, 1],
  [77.5, 78],
  [LOWEST_PRIORITY, LOWEST_PRIORITY],
  [LOWEST_PRIORITY + 1, LOWEST_PRIORITY],
  [Number.POSITIVE_INFINITY, LOWEST_PRIORITY],
  [Number.NaN, DEFAULT_PRIORITY],
])('%d becomes %d', (given, priority) => {
  expect(clampPriority(given)).toBe(priority)
})
