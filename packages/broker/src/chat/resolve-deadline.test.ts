import { BrokerError } from '@switchyard/contract/broker-error'
import { describe, expect, it } from 'vitest'
import { resolveDeadline } from './resolve-deadline.ts'

const NOW = Date.parse('2026-11-01T12:00:00Z')

describe('resolveDeadline', () => {
  it.each<[number | string, string]>([
    [90, '2026-11-01T12:01:30.000Z'],
    [0.5, '2026-11-01T12:00:00.500Z'],
    ['2026-11-01T12:00:01Z', '2026-11-01T12:00:01.000Z'],
    ['2026-11-01T15:00:00.250+02:00', '2026-11-01T13:00:00.250Z'],
    ['2026-11-02T00:00-05:00', '2026-11-02T05:00:00.000Z'],
    [7 * 24 * 3600, '2026-11-08T12:00:00.000Z'],
  ])('%s', (deadline, expected) => {
    expect(new Date(resolveDeadline(deadline, NOW)).toISOString()).toBe(expected)
  })

  it.each([
    0,
    -1,
    '2026-11-01T11:59:59Z',
    '2036-11-01T12:00:00Z',
    8 * 24 * 3600,
    1e300,
    'tomorrow',
    '60',
    '',
    '2026-11-02',
    '2026-11-02T00:00:00',
    '2027-02-31T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-02T25:00:00Z',
    ' 2026-11-02T00:00:00Z',
  ])('refuses %s', (deadline) => {
    try {
      resolveDeadline(deadline, NOW)
    } catch (error) {
      expect(BrokerError.is(error) && [error.code, error.param]).toEqual(['invalid_deadline', 'switchyard.deadline'])
      return
    }
    expect.fail('was accepted')
  })
})
