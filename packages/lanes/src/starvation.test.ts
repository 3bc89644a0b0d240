import { expect, test } from 'vitest'
import { createStarvationMeter } from './starvation.ts'

const stuck = { waiting: 1, freeSlots: 1, lastFetchAtMs: 0 }

test('starved: waiting and free twice in a row, and no fetch for so long', () => {
  const meter = createStarvationMeter(3_000)
  expect(meter.isStarved({ ...stuck, atMs: 1_000 })).toBe(false)
  expect(meter.isStarved({ ...stuck, atMs: 2_000 })).toBe(false)
  expect(meter.isStarved({ ...stuck, atMs: 3_000 })).toBe(true)
})

test('after a long outage the first sample is not enough', () => {
  const meter = createStarvationMeter(3_000)
  expect(meter.isStarved({ ...stuck, atMs: 60_000 })).toBe(false)
  expect(meter.isStarved({ ...stuck, atMs: 61_000 })).toBe(true)
})

test('a fetch that came back in between proves life', () => {
  const meter = createStarvationMeter(3_000)
  expect(meter.isStarved({ ...stuck, atMs: 60_000 })).toBe(false)
  expect(meter.isStarved({ ...stuck, atMs: 61_000, lastFetchAtMs: 60_500 })).toBe(false)
  expect(meter.isStarved({ ...stuck, atMs: 62_000, lastFetchAtMs: 60_500 })).toBe(false)
  expect(meter.isStarved({ ...stuck, atMs: 64_000, lastFetchAtMs: 60_500 })).toBe(true)
})

test.each([{ waiting: 0 }, { freeSlots: 0 }, { freeSlots: -1 }])('never with %o', (idle) => {
  const meter = createStarvationMeter(3_000)
  for (let atMs = 10_000; atMs < 20_000; atMs += 1_000) {
    expect(meter.isStarved({ ...stuck, ...idle, atMs })).toBe(false)
  }
  expect(meter.isStarved({ ...stuck, atMs: 20_000 })).toBe(false)
})
