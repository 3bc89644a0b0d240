import { expect, it } from 'vitest'
import { restartDelay } from './restart-delay.ts'

it('doubles from 100 ms to 5 s', () => {
  const delays: number[] = []
  for (let previous: number | undefined, i = 0; i < 8; i++) {
    previous = restartDelay(previous, 10)
    delays.push(previous)
  }
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
})

it('begins anew once the child had lived for 30 s', () => {
  expect(restartDelay(5000, 29_999)).toBe(5000)
  expect(restartDelay(5000, 30_000)).toBe(100)
})
