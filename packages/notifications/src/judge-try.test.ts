import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GAPS_MS, judgeTry } from './judge-try.ts'
import { retryAfterMs } from './retry-after.ts'

const HOUR = 3_600_000
const answered = (status: number, retryAfter: string | null = null) => ({ status, retryAfter })

describe('judgeTry', () => {
  it.each([200, 201, 202, 204, 299])('takes %i for success', (status) => {
    expect(judgeTry(answered(status), 1, 0, 0.5)).toEqual({ result: 'delivered', error: null, delayMs: 0, restMs: 0 })
  })

  it.each([301, 302, 307, 308, 304, 400, 401, 404, 418, 500, 501])('takes %i for failure', (status) => {
    expect(judgeTry(answered(status), 1, 0, 0.5)).toEqual({
      result: 'retry',
      error: 'http_error',
      delayMs: 5_000,
      restMs: 0,
    })
  })

  it('stops for good at 410, whichever try it is', () => {
    expect(judgeTry(answered(410), 1, 0, 0.5).result).toBe('gone')
    expect(judgeTry(answered(410), 10, 0, 0.5).result).toBe('gone')
  })

  it('follows the schedule: ten tries in 75.6 h, each gap a tenth off at most', () => {
    const gaps = GAPS_MS.map((_, i) => judgeTry(answered(500), i + 1, 0, 0.5).delayMs)
    expect(gaps).toEqual([5_000, 300_000, 1_800_000, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR])
    expect(judgeTry(answered(500), 10, 0, 0.5)).toMatchObject({ result: 'dead', error: 'http_error' })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 1, noNaN: true }), (number, random) => {
        const { delayMs } = judgeTry({ failure: 'timeout' }, number, 0, random)
        expect(Math.abs(delayMs / GAPS_MS[number - 1]! - 1)).toBeLessThanOrEqual(0.1001)
      }),
    )
  })

  it.each([429, 502, 503, 504])('lets a receiver rest that answers %i', (status) => {
    expect(judgeTry(answered(status), 1, 0, 0.5)).toMatchObject({ result: 'retry', delayMs: 5_000, restMs: 5_000 })
    expect(judgeTry(answered(status, '120'), 1, 0, 0.5)).toMatchObject({ delayMs: 120_000, restMs: 120_000 })
    expect(judgeTry(answered(status, '86400000'), 1, 0, 0.5)).toMatchObject({ delayMs: 24 * HOUR, restMs: HOUR })
  })

  it.each(['unreachable', 'tls_error', 'timeout', 'url_not_allowed'] as const)('says %s as it is', (failure) => {
    expect(judgeTry({ failure }, 1, 0, 0.5)).toMatchObject({ result: 'retry', error: failure })
    expect(judgeTry({ failure }, 10, 0, 0.5)).toMatchObject({ result: 'dead', error: failure })
  })
})

describe('retryAfterMs', () => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z')
  it.each([
    ['90', 90_000],
    [' 90 ', 90_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 24 * HOUR],
    ['-5', 0],
    ['soon', 0],
    ['', 0],
    [null, 0],
  ])('reads %j', (header, ms) => expect(retryAfterMs(header, nowMs)).toBe(ms))
})
