import type { LogEntry } from '@switchyard/contract/log-entry'
import { describe, expect, it } from 'vitest'
import { Follower } from './follower.ts'
import type { Frame } from './live-frame.ts'

/** A frame with the events `first` to `last`, each with its number as data. */
function frame(first: number, last: number): Frame {
  const lines = Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`)
  return {
    jobId: 'job_1',
    fence: 1,
    seq: last,
    count: lines.length,
    event: null,
    data: lines.join('\n'),
    terminal: null,
    note: null,
  }
}

function follow(after: number) {
  const heard: LogEntry[] = []
  const follower = new Follower('job_1', after, {
    onEntries: (entries) => heard.push(...entries),
    onEnd() {},
    onGone() {},
  })
  const numbers = () => {
    follower.hand()
    return heard.map(({ data }) => Number(data))
  }
  return { follower, numbers }
}

describe('a follower', () => {
  it('takes of a frame only what it has not had', () => {
    const { follower, numbers } = follow(3)
    expect(follower.take(frame(0, 2))).toBe('taken')
    expect(follower.take(frame(2, 6))).toBe('taken')
    expect(follower.take(frame(2, 6))).toBe('taken')
    expect(numbers()).toEqual([4, 5, 6])
    expect([follower.next, follower.lastId]).toEqual([7, '1-7'])
  })

  it('knows a gap before a frame, and keeps the frame until the log was read', () => {
    const { follower, numbers } = follow(-1)
    follower.take(frame(0, 1))
    expect(follower.take(frame(3, 5))).toBe('gap')
    expect(numbers()).toEqual([0, 1])
    follower.takeRead([{ seq: 2, event: null, data: '2', terminal: null }], '1-3')
    for (const kept of follower.kept()) expect(follower.take(kept)).toBe('taken')
    expect(numbers()).toEqual([0, 1, 2, 3, 4, 5])
  })
})
