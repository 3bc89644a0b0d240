import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { pause } from './pause.ts'

describe('pause', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  async function isOver(paused: Promise<void>): Promise<boolean> {
    return Promise.race([paused.then(() => true), vi.advanceTimersByTimeAsync(0).then(() => false)])
  }

  it('takes as long as it says and leaves nothing behind', async () => {
    const { signal } = new AbortController()
    const paused = pause(1_000, signal)
    await vi.advanceTimersByTimeAsync(999)
    expect(await isOver(paused)).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await isOver(paused)).toBe(true)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends with the signal, without an error and without a timer left', async () => {
    const abort = new AbortController()
    const paused = pause(1_000, abort.signal)
    expect(vi.getTimerCount()).toBe(1)
    abort.abort(new Error('drain'))
    await paused
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('does not begin when the signal was first', async () => {
    await pause(1_000, AbortSignal.abort())
    expect(vi.getTimerCount()).toBe(0)
  })
})
