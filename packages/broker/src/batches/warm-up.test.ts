import type { JobSpec } from '@switchyard/contract/job'
import { describe, expect, test } from 'vitest'
import { createWarmUp } from './warm-up.ts'

const MINUTE = 60_000

function line(number: number, prefix?: string, inputTokens = 5_000) {
  const spec = { id: `job_${number}`, prefix, estimate: { inputTokens, outputTokens: 10 } }
  return { spec: spec as unknown as JobSpec, line: { line: number, try: 1 } }
}

function setUp() {
  let nowMs = 0
  const warmUp = createWarmUp(() => nowMs)
  const numbers = (lines: { line: number }[]) => lines.map(({ line: number }) => number)
  return {
    warmUp,
    pass: (ms: number) => {
      nowMs += ms
    },
    admit: (...lines: ReturnType<typeof line>[]) => warmUp.admit(lines).map(({ line: { line: number } }) => number),
    release: (...ended: string[]) => numbers(warmUp.release(new Set(ended))),
  }
}

describe('lines that begin alike', () => {
  test('one goes first, the others when it has ended', () => {
    const { warmUp, admit, release } = setUp()
    expect(admit(line(0, 'a'), line(1, 'a'), line(2, 'b'), line(3, 'a'))).toEqual([0, 2])
    expect(warmUp.leaders()).toEqual(['job_0'])
    expect([0, 1, 2, 3].map((number) => warmUp.isHeld({ line: number, try: 1 }))).toEqual([false, true, false, true])
    expect(release('job_9')).toEqual([])
    expect(release('job_0')).toEqual([1, 3])
    expect(warmUp.isHeld({ line: 1, try: 1 })).toBe(false)
    expect(admit(line(1, 'a'), line(3, 'a'), line(4, 'a'))).toEqual([1, 3, 4])
  })

  test('the first one, made again, is not held up by itself', () => {
    const { admit } = setUp()
    expect([admit(line(0, 'a')), admit(line(0, 'a'))]).toEqual([[0], [0]])
  })

  test('a first one that is not answered holds nobody up for long', () => {
    const { admit, release, pass } = setUp()
    admit(line(0, 'a'), line(1, 'a'))
    pass(MINUTE + 1)
    expect(release()).toEqual([1])
  })

  test('a cache that was not used for five minutes is cold again', () => {
    const { admit, release, pass } = setUp()
    admit(line(0, 'a'))
    release('job_0')
    pass(4 * MINUTE)
    expect(admit(line(1, 'a'), line(2, 'a'))).toEqual([1, 2])
    pass(4 * MINUTE)
    expect(admit(line(3, 'a'))).toEqual([3])
    pass(6 * MINUTE)
    expect(admit(line(4, 'a'), line(5, 'a'))).toEqual([4])
  })
})

test('lines without a prefix, and those too short for any cache, never wait', () => {
  const { admit } = setUp()
  expect(admit(line(0), line(1), line(2, 'a', 1_000), line(3, 'a', 1_000))).toEqual([0, 1, 2, 3])
})
