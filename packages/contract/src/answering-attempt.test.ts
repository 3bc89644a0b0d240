import { expect, test } from 'vitest'
import { answeringAttempt } from './answering-attempt.ts'
import type { Attempt, AttemptStatus } from './job.ts'

test.each<[number | undefined, AttemptStatus[]]>([
  [undefined, []],
  [1, ['in_progress']],
  [2, ['failed', 'in_progress']],
  [3, ['failed', 'failed', 'completed']],
  [2, ['failed', 'failed']],
  // A hedge that lost, while the other one answers and when it has; one that won.
  [1, ['in_progress', 'cancelled']],
  [1, ['completed', 'cancelled']],
  [2, ['cancelled', 'completed']],
])('attempt %s answers of %j', (number, statuses) => {
  const attempts = statuses.map((status, i) => ({ number: i + 1, status }) as Attempt)
  expect(answeringAttempt(attempts)?.number).toBe(number)
})
