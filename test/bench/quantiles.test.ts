import { expect, it } from 'vitest'
import { median, quantiles } from './quantiles.ts'

it('takes quantiles by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(quantiles(hundred)).toEqual({ p50: 50, p99: 99 })
  expect(quantiles([7])).toEqual({ p50: 7, p99: 7 })
  expect(quantiles([])).toBeNull()
})

it('takes the middle, or the mean of the middle two', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})
