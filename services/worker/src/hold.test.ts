import type { Attempt } from '@switchyard/contract/job'
import { describe, expect, it } from 'vitest'
import { Hold, type StopReason } from './hold.ts'
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

  it('has the attempt last that ended last, where a hedge ran beside it', () => {
    const attempt = (number: number, durationMs: number, hedge?: true) =>
      ({ number, startedAtMs: 1_000 * number, durationMs, ...(hedge && { hedge }) }) as Attempt
    const numbersOf = (attempts: Attempt[]) => {
      const { claim } = newHold()
      return new Hold({ ...claim, record: { ...claim.record, attempts } }).attempts.map(({ number }) => number)
    }
    expect(numbersOf([attempt(1, 100), attempt(2, 9_000), attempt(3, 500, true)])).toEqual([1, 3, 2])
    expect(numbersOf([attempt(1, 1_500), attempt(2, 9_000, true)])).toEqual([1, 2])
    expect(numbersOf([attempt(1, 9_000), attempt(2, 100)])).toEqual([1, 2])
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
