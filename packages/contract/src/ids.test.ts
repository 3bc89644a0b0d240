import { expect, it } from 'vitest'
import { isJobId, newJobId, newToken, newUlid, partitionOf, timeOfJobId } from './ids.ts'

// More than one pool of random bytes holds.
const MANY = 10_000

it('ids and tokens are never the same twice, whatever was drawn between them', () => {
  const drawn = Array.from({ length: MANY }, (_, i) => (i % 3 === 0 ? newUlid(0).slice(10) : newToken()))
  expect(new Set(drawn).size).toBe(MANY)
  expect(drawn.filter((_, i) => i % 3 > 0).every((token) => /^[\w-]{12}$/.test(token))).toBe(true)
})

it('ids sort by the time that they tell', () => {
  const times = [0, 1, 31, 32, 1_790_000_000_000, 1_790_000_000_001, 2 ** 47]
  const ids = times.map((ms) => newJobId(ms))
  expect(ids.every(isJobId)).toBe(true)
  expect(ids.toSorted()).toEqual(ids)
  expect(ids.map(timeOfJobId)).toEqual(times)
})

it('jobs are spread evenly over the partitions', () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 64 * 200; i++) {
    const partition = partitionOf(newJobId())
    counts.set(partition, (counts.get(partition) ?? 0) + 1)
  }
  expect([...counts.keys()].toSorted()).toEqual(Array.from({ length: 64 }, (_, i) => `p${`${i}`.padStart(2, '0')}`))
  // 200 each, give or take 14: seven times that is never seen.
  expect(Math.min(...counts.values())).toBeGreaterThan(100)
  expect(Math.max(...counts.values())).toBeLessThan(300)
})
