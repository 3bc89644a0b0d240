import { expect, test } from 'vitest'
import { createSlidingWindow } from './sliding-window.ts'

test('amounts leave the window when they are as old as it is long', () => {
  const window = createSlidingWindow(60_000)
  window.add(2, 1_000_000)
  window.add(3, 1_030_000)
  expect(window.total(1_030_000)).toBe(5)
  expect(window.total(1_059_999)).toBe(5)
  expect(window.total(1_060_000)).toBe(3)
  expect(window.total(1_090_000)).toBe(0)
})

test('says when enough of it has left', () => {
  const window = createSlidingWindow(60_000)
  window.add(2, 1_000_000)
  window.add(3, 1_030_000)
  expect(window.msUntil(5, 1_030_000)).toBe(0)
  expect(window.msUntil(3, 1_030_000)).toBe(30_000)
  expect(window.msUntil(0, 1_030_000)).toBe(60_000)
  expect(window.total(1_030_000 + window.msUntil(0, 1_030_000))).toBe(0)
})

test('what never fits waits for the whole window', () => {
  const window = createSlidingWindow(600)
  window.add(1, 10_000)
  expect(window.msUntil(-1, 10_000)).toBe(600)
})
