import { expect, test } from 'vitest'
import { oncePerMessage } from './once-per-message.ts'

test('the same message is reported once, another one beside it', () => {
  const reported: string[] = []
  const report = oncePerMessage((error) => reported.push(error.message), 60_000)
  for (const message of ['away', 'away', 'gone', 'away']) report(new Error(message))
  expect(reported).toEqual(['away', 'gone'])
})

test('it is reported again once the time is over', () => {
  const reported: string[] = []
  const report = oncePerMessage((error) => reported.push(error.message), 0)
  report(new Error('away'))
  report(new Error('away'))
  expect(reported).toEqual(['away', 'away'])
})

test('what it remembers is bounded', () => {
  let count = 0
  const report = oncePerMessage(() => count++, 60_000)
  for (let i = 0; i < 1_000; i++) report(new Error(`message ${i}`))
  report(new Error('message 0'))
  expect(count).toBe(1_001)
})
