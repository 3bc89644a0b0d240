import { describe, expect, it } from 'vitest'
import { randomFrom } from './testing/lane-model.ts'
import { createWaitCalibration } from './wait-calibration.ts'

/** Two independent numbers from 0 to 1 make one of the normal distribution. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

describe('an interval of waits', () => {
  it.each<[string, (predictedMs: number, n: number, random: () => number) => number]>([
    ['right on average', (ms, _n, random) => ms * Math.exp(0.3 * normal(random))],
    ['three times too short', (ms, _n, random) => 3 * ms * Math.exp(0.5 * normal(random))],
    [
      'half of what was said, now and then ten times as long',
      (ms, _n, random) => ms * (random() < 0.05 ? 10 : 0.5 + 0.1 * random()),
    ],
    [
      'better and better, then much worse',
      (ms, n, random) => ms * (n < 2_000 ? 1 + 1_000 / (n + 500) : 4) * (0.8 + 0.4 * random()),
    ],
    ['uncertain by a constant, not by a factor', (ms, _n, random) => ms + 3_000 * random()],
  ])('holds four in five of those whose prediction is %s', (_name, actual) => {
    const random = randomFrom(9)
    const calibration = createWaitCalibration()
    let inside = 0
    let asked = 0
    for (let n = 0; n < 4_000; n++) {
      const predictedMs = 200 * 2 ** (9 * random())
      const expected = calibration.expect(predictedMs)
      expect(expected.lowMs).toBeLessThanOrEqual(expected.ms)
      expect(expected.highMs).toBeGreaterThanOrEqual(expected.ms)
      const actualMs = actual(predictedMs, n, random)
      if (n >= 200) {
        asked++
        if (actualMs >= expected.lowMs && actualMs <= expected.highMs) inside++
      }
      calibration.observe(predictedMs, expected, actualMs)
    }
    expect(inside / asked).toBeGreaterThan(0.75)
    expect(inside / asked).toBeLessThan(0.85)
  })

  it('is a factor of two before anything was seen', () => {
    const { lowMs, ms, highMs } = createWaitCalibration().expect(60_000)
    expect(ms).toBeCloseTo(60_000, -3)
    expect(lowMs).toBeGreaterThan(20_000)
    expect(lowMs).toBeLessThan(40_000)
    expect(highMs).toBeGreaterThan(90_000)
    expect(highMs).toBeLessThan(140_000)
  })
})
