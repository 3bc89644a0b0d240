import { expect, test } from 'vitest'
import { faultRule } from './fault-rule.ts'
import { createFaultTable } from './fault-table.ts'

const call = { dialect: 'openai', model: 'gpt-5.5', stream: true } as const

test('times: the next N calls, and no more', () => {
  const table = createFaultTable()
  table.add(faultRule.parse({ kind: 'cut', times: 2 }))
  expect([1, 2, 3].map(() => table.take(call)?.kind)).toEqual(['cut', 'cut', undefined])
  expect(table.list()[0]).toMatchObject({ fired: 2, left: 0 })
})

test('share: about that many, the same ones for the same seed', () => {
  const draw = (seed: number) => {
    const table = createFaultTable()
    table.add(faultRule.parse({ kind: 'cut', share: 0.25, seed }))
    return Array.from({ length: 2000 }, () => (table.take(call) === null ? 0 : 1)) as number[]
  }
  const fired = draw(1)
  const count = fired.reduce((sum, one) => sum + one, 0)
  expect(count).toBeGreaterThan(430)
  expect(count).toBeLessThan(570)
  expect(draw(1)).toEqual(fired)
  expect(draw(2)).not.toEqual(fired)
})

test('the first matching rule is taken, and only that one', () => {
  const table = createFaultTable()
  table.add(faultRule.parse({ kind: 'cut', model: 'gpt-5.5', times: 1 }))
  table.add(faultRule.parse({ kind: 'stall', times: 1 }))
  expect([1, 2, 3].map(() => table.take(call)?.kind)).toEqual(['cut', 'stall', undefined])
})

test('times and share exclude each other', () => {
  expect(faultRule.safeParse({ kind: 'cut', times: 1, share: 0.5 }).success).toBe(false)
})
