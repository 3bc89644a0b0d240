import { expect, test } from 'vitest'
import { createLessons } from './lessons.ts'

test('lessons: one for each deployment now and then, given out once', () => {
  let now = 0
  const lessons = createLessons(() => now)
  lessons.note('a', 'a1', { tokens: { limit: 10, remaining: 5 } })
  lessons.note('a', 'a2', { tokens: { limit: 10, remaining: 4 } })
  lessons.note('b', 'b1', { requests: { limit: 3 } })
  now = 500
  lessons.note('a', 'a3', { tokens: { limit: 10, remaining: 3 } })
  expect(['a1', 'a2', 'a3', 'b1', 'a1'].map((lease) => lessons.take(lease))).toEqual([
    { tokens: { limit: 10, remaining: 5 } },
    undefined,
    { tokens: { limit: 10, remaining: 3 } },
    { requests: { limit: 3 } },
    undefined,
  ])
})

test('lessons: an answer that says nothing is none', () => {
  const lessons = createLessons()
  lessons.note('a', 'a1', {})
  lessons.note('a', 'a2', { tokens: { limit: 1 } })
  expect(lessons.take('a2')).toEqual({ tokens: { limit: 1 } })
})
