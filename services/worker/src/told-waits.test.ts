import { expect, test } from 'vitest'
import { toldWaits } from './told-waits.ts'

test('what was told holds until its time, the furthest of several answers', () => {
  let nowMs = 1_000
  const waits = toldWaits(() => nowMs)
  expect(waits.reservation('a')).toEqual({ ok: true })
  waits.note('a', 5_000)
  waits.note('a', 2_000)
  expect(waits.reservation('a')).toEqual({ ok: false, slotAtMs: 6_000, waitingFor: 'requests_per_minute' })
  expect(waits.reservation('b')).toEqual({ ok: true })
  nowMs = 6_000
  expect(waits.reservation('a')).toEqual({ ok: true })
})

test('an absurd time is not believed', () => {
  const waits = toldWaits(() => 0)
  waits.note('a', 10 ** 12)
  expect(waits.reservation('a')).toMatchObject({ slotAtMs: 3_600_000 })
})
