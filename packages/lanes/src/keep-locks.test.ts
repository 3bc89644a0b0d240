import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type HeldDelivery, keepLocks } from './keep-locks.ts'

const LOCK_MS = 80

let held: Set<HeldDelivery>
let renewed: string[][]
let lost: string[]
let errors: unknown[]
let locks: ReturnType<typeof keepLocks> | undefined
afterEach(() => locks?.stop())

/** Keeps the locks of what is in `held`; `renew` answers for the lane. */
function keep(ids: string[], renew: (ids: string[]) => Promise<string[]>): HeldDelivery[] {
  held = new Set(ids.map((id) => ({ id, lockedAt: performance.now(), isLost: false, isEnding: false })))
  renewed = []
  lost = []
  errors = []
  locks = keepLocks(held, LOCK_MS, {
    renew(due) {
      renewed.push(due)
      return renew(due)
    },
    onLost: (missed) => lost.push(...missed),
    onError: (error) => errors.push(error),
  })
  return [...held]
}

async function untilRenewed(times: number): Promise<void> {
  await expect.poll(() => renewed.length, { interval: 1 }).toBeGreaterThanOrEqual(times)
}

test('each is renewed well before its lock runs out, as long as it is held', async () => {
  const [first] = keep(['a', 'b'], async () => [])
  await untilRenewed(2)
  expect(renewed[0]).toEqual(['a', 'b'])
  held.delete(first!)
  const before = renewed.length
  await untilRenewed(before + 2)
  expect(renewed.at(-1)).toEqual(['b'])
  expect(lost).toEqual([])
})

test('one that is younger is not renewed yet', async () => {
  const [, young] = keep(['old', 'young'], async () => [])
  young!.lockedAt = performance.now() + 10 * LOCK_MS
  await untilRenewed(1)
  expect(renewed[0]).toEqual(['old'])
})

test('a lost one is told once and not renewed again', async () => {
  keep(['a', 'b'], async (due) => due.filter((id) => id === 'a'))
  await untilRenewed(3)
  expect(lost).toEqual(['a'])
  expect(renewed.at(-1)).toEqual(['b'])
})

test('one that ends while its lock is renewed is not lost', async () => {
  const [ends] = keep(['a'], async () => {
    ends!.isEnding = true
    return ['a']
  })
  await untilRenewed(2)
  expect(lost).toEqual([])
})

test('a renewal that fails is told, and the next one follows', async () => {
  keep(['a'], async () => {
    if (renewed.length === 1) throw new Error('away')
    return []
  })
  await untilRenewed(2)
  expect(errors).toEqual([new Error('away')])
  locks!.stop()
  await sleep(LOCK_MS)
  const { length } = renewed
  await sleep(LOCK_MS)
  expect(renewed).toHaveLength(length)
})
