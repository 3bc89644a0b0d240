import { expect, test } from 'vitest'
import { createTurnstile } from './turnstile.ts'

test('callers go through in their order, and what comes meanwhile is done between them', async () => {
  const turnstile = createTurnstile()
  const seen: string[] = []
  let turns = 0
  const beside = setInterval(() => turns++, 0)
  const passing = ['a', 'b', 'c', 'd'].map((name) => turnstile.pass().then(() => seen.push(`${name}${turns}`)))
  await Promise.all(passing)
  clearInterval(beside)
  expect(seen.map(([name]) => name)).toEqual(['a', 'b', 'c', 'd'])
  expect(new Set(seen.map((at) => at.slice(1))).size).toBeGreaterThan(1)
})

test('a crowd is through in a bounded number of turns', async () => {
  const turnstile = createTurnstile()
  const crowd = Array.from({ length: 10_000 }, () => turnstile.pass())
  let turns = 0
  const beside = setInterval(() => turns++, 0)
  await Promise.all(crowd)
  clearInterval(beside)
  // Not in one, and far fewer than there were callers.
  expect(turns).toBeGreaterThan(10)
  expect(turns).toBeLessThan(2_000)
  await turnstile.pass()
})
