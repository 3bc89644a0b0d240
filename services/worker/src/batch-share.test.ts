import { describe, expect, it } from 'vitest'
import { nextShare } from './batch-share.ts'

/** The share after so many ticks of the same. */
function after(ticks: number, from: number, tick: { busy: number; isAwaited: boolean }): number {
  let share = from
  for (let i = 0; i < ticks; i++) share = nextShare(share, tick)
  return share
}

describe('nextShare', () => {
  it('stays whole while nobody waits, however busy the process is', () => {
    expect(after(100, 1, { busy: 1, isAwaited: false })).toBe(1)
  })

  it('stays whole while there is time for everybody', () => {
    expect(after(100, 1, { busy: 0.6, isAwaited: true })).toBe(1)
  })

  it('shrinks to a tenth within a second, and never to nothing', () => {
    expect(after(6, 1, { busy: 0.95, isAwaited: true })).toBeLessThan(0.1)
    expect(after(1_000, 1, { busy: 1, isAwaited: true })).toBeGreaterThan(0)
  })

  it.each([
    { busy: 0.3, isAwaited: true },
    { busy: 1, isAwaited: false },
  ])('comes back within three seconds: %j', (tick) => {
    expect(after(25, after(100, 1, { busy: 1, isAwaited: true }), tick)).toBe(1)
  })
})
