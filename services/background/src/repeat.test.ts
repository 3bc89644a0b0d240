import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { repeat } from './repeat.ts'

describe('repeat', () => {
  let abort: AbortController
  let errors: unknown[]
  beforeEach(() => {
    vi.useFakeTimers()
    abort = new AbortController()
    errors = []
  })
  afterEach(() => {
    abort.abort()
    vi.useRealTimers()
  })

  function start(act: () => Promise<boolean>): void {
    repeat(1_000, abort.signal, act, (error) => errors.push(error))
  }

  it('acts at once and then every so often', async () => {
    let turns = 0
    start(async () => {
      turns++
      return false
    })
    expect(turns).toBe(1)
    await vi.advanceTimersByTimeAsync(999)
    expect(turns).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(turns).toBe(2)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(turns).toBe(5)
  })

  it('does not begin a turn before the last one has ended', async () => {
    const ends: (() => void)[] = []
    start(() => new Promise((resolve) => ends.push(() => resolve(false))))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(ends).toHaveLength(1)
    ends[0]!()
    await vi.advanceTimersByTimeAsync(999)
    expect(ends).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(ends).toHaveLength(2)
  })

  it('goes on without a pause while there is more to do', async () => {
    let turns = 0
    start(async () => ++turns < 5)
    await vi.advanceTimersByTimeAsync(100)
    expect(turns).toBe(5)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(turns).toBe(6)
  })

  it('goes on after a failure, and reports it', async () => {
    let turns = 0
    start(async () => {
      turns++
      if (turns < 3) throw new Error(`turn ${turns}`)
      return false
    })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(turns).toBe(3)
    expect(errors.map(String)).toEqual(['Error: turn 1', 'Error: turn 2'])
  })

  it('ends with the signal, between two turns', async () => {
    let turns = 0
    start(async () => {
      turns++
      return false
    })
    await vi.advanceTimersByTimeAsync(500)
    abort.abort()
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(turns).toBe(1)
  })

  it.each([true, false])('ends with the signal, in the middle of a turn (more to do: %s)', async (more) => {
    const ends: (() => void)[] = []
    start(() => new Promise((resolve) => ends.push(() => resolve(more))))
    abort.abort()
    ends[0]!()
    await vi.advanceTimersByTimeAsync(10_000)
    expect([ends.length, vi.getTimerCount()]).toEqual([1, 0])
    expect(getEventListeners(abort.signal, 'abort').length).toBeLessThanOrEqual(1)
  })
})
