import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { eachBounded } from './each-bounded.ts'

it('does every item once, never more than the limit at once', async () => {
  const done: number[] = []
  let running = 0
  let most = 0
  await eachBounded([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
    most = Math.max(most, ++running)
    for (let i = 0; i < 7 - item; i++) await turn()
    running--
    done.push(item)
  })
  expect(done.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(most).toBe(3)
})

it('begins nothing after a failure, and lets what runs come to its end', async () => {
  const ended: number[] = []
  const work = eachBounded([0, 1, 2, 3], 2, async (item) => {
    await turn()
    if (item === 0) throw new Error('no')
    await turn()
    ended.push(item)
  })
  await expect(work).rejects.toThrow('no')
  expect(ended).toEqual([1])
})
