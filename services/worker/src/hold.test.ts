import { describe, expect, it } from 'vitest'
import type { StopReason } from './hold.ts'
import { newHold } from './testing/new-hold.ts'

describe('a hold', () => {
  it.each<[first: StopReason, then: StopReason]>([
    ['ended', 'drain'],
    ['deadline', 'ended'],
    ['drain', 'deadline'],
  ])('is stopped for the first reason (%s, then %s), once', (first, then) => {
    const hold = newHold()
    const aborts: unknown[] = []
    hold.signal.addEventListener('abort', () => aborts.push(hold.signal.reason))
    expect([hold.reason, hold.signal.aborted]).toEqual([null, false])
    hold.stop(first)
    hold.stop(first)
    hold.stop(then)
    expect([hold.reason, hold.signal.aborted]).toEqual([first, true])
    expect(aborts).toEqual([first])
  })

  it('begins with what the claim brought', () => {
    const hold = newHold({ model: 'a-model' })
    expect(hold).toMatchObject({ delivery: 1, hop: 0, fence: 1, attempts: [], log: null, leases: [] })
    expect(hold.spec.model).toBe('a-model')
    expect(hold.jobId).toBe(hold.spec.id)
  })

  it('keeps a reader that attached while Redis was being asked who reads', () => {
    const hold = newHold()
    hold.addReader({ id: 'early', interest: 'all' })
    const askedAtMs = performance.now()
    hold.addReader({ id: 'late', interest: 'end' })
    hold.setReaders([{ id: 'known', interest: 'all' }], askedAtMs)
    expect([...hold.readers.keys()].sort()).toEqual(['known', 'late'])
  })
})
