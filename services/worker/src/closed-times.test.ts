import { expect, test } from 'vitest'
import { createClosedTimes } from './closed-times.ts'

test('nothing that was open all the time', () => {
  const times = createClosedTimes()
  times.note(false, 10)
  expect(times.since(0, 100)).toBeNull()
})

test('the time closed since then, up to now while it is', () => {
  const times = createClosedTimes()
  times.note(true, 1_000)
  times.note(true, 2_000)
  expect(times.since(0, 5_000)).toEqual({ fromMs: 1_000, untilMs: 5_000 })
  expect(times.since(3_000, 5_000)).toEqual({ fromMs: 3_000, untilMs: 5_000 })
  times.note(false, 6_000)
  times.note(false, 7_000)
  expect(times.since(0, 9_000)).toEqual({ fromMs: 1_000, untilMs: 6_000 })
  expect(times.since(6_000, 9_000)).toBeNull()
})

test('a moment in which it was open is part of the wait, and so is what lies between two', () => {
  const times = createClosedTimes()
  times.note(true, 1_000)
  times.note(false, 2_000)
  times.note(true, 2_500)
  times.note(false, 3_000)
  expect(times.since(2_200, 9_000)).toEqual({ fromMs: 2_200, untilMs: 3_000 })
  times.note(true, 8_000)
  expect(times.since(0, 9_000)).toEqual({ fromMs: 1_000, untilMs: 9_000 })
  expect(times.since(3_500, 9_000)).toEqual({ fromMs: 8_000, untilMs: 9_000 })
})

test('no more than the last are remembered', () => {
  const times = createClosedTimes()
  for (let i = 0; i < 100; i++) {
    times.note(true, i * 10_000)
    times.note(false, i * 10_000 + 5_000)
  }
  expect(times.since(0, 1_000_000)).toEqual({ fromMs: 680_000, untilMs: 995_000 })
})
