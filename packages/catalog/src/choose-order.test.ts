import { expect, test } from 'vitest'
import { chooseOrder } from './choose-order.ts'

const of = (...scores: number[]) => scores.map((score, i) => ({ name: 'abcdef'[i]!, score, weight: 1 }))
const names = (candidates: { name: string }[]) => candidates.map(({ name }) => name).join('')

/** Gives these numbers, one after the other. */
const luck = (...numbers: number[]) => {
  let i = 0
  return () => numbers[i++ % numbers.length]!
}

test('by score where the best is alone, whatever the luck', () => {
  expect(names(chooseOrder(of(0.2, 0.9, 0.5), luck(0.99)))).toBe('bca')
  expect(chooseOrder([], luck(0))).toEqual([])
})

test('of two drawn among equals the better leads, and only the lead changes', () => {
  const equals = of(0.98, 1, 0.99, 0.1)
  expect(names(chooseOrder(equals, luck(0.99, 0.5)))).toBe('cbad')
  expect(names(chooseOrder(equals, luck(0.99, 0)))).toBe('bcad')
  expect(names(chooseOrder(equals, luck(0.99, 0.99)))).toBe('abcd')
})

test('who is not as good as equal never leads', () => {
  const candidates = of(1, 0.98, 0.9)
  for (let i = 0; i < 100; i++) expect(chooseOrder(candidates, luck(i / 100))[0]!.name).not.toBe('c')
})
