import { describe, expect, it } from 'vitest'
import { type Progress, urgencyOf } from './urgency.ts'

/** A window of 100 minutes. */
function at(minute: number, linesLeft: number, perMinute: number | null): Progress {
  const ratePerSecond = perMinute === null ? null : perMinute / 60
  return { startedAtMs: 0, nowMs: minute * 60_000, expiresAtMs: 6_000_000, linesLeft, ratePerSecond }
}

describe('urgencyOf', () => {
  it.each<[string, Progress, number]>([
    ['nothing is left', at(99, 0, 0), 0],
    ['nothing is known', at(50, 1_000, null), 0],
    ['it will be done in time', at(50, 400, 10), 0],
    ['it will be a little late', at(50, 600, 10), 1],
    ['it will be far too late', at(50, 800, 10), 2],
    ['it will be far too late, but there is much time', at(20, 8_000, 10), 1],
    ['it has only just begun', at(3, 1_000_000, 1), 0],
    ['it stands still', at(60, 1, 0), 2],
    ['the last tenth has begun', at(90, 1, 10), 1],
    ['the last twentieth has begun', at(95, 1, 10), 2],
  ])('when %s', (_when, progress, urgency) => expect(urgencyOf(progress)).toBe(urgency))
})
