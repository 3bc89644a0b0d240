import { BrokerError } from '@switchyard/contract/broker-error'
import { beforeEach, describe, expect, it } from 'vitest'
import { createFailedAuthLimit, type FailedAuthLimit } from './failed-auth-limit.ts'

describe('failed authentications', () => {
  let nowMs: number
  let limit: FailedAuthLimit

  beforeEach(() => {
    nowMs = 1_000_000
    limit = createFailedAuthLimit({ perMinute: 3, now: () => nowMs })
  })

  function refused(ip: string): BrokerError | null {
    try {
      limit.failed(ip)
      return null
    } catch (error) {
      if (!BrokerError.is(error)) throw error
      return error
    }
  }

  it('are refused beyond a hundred a minute unless told otherwise', () => {
    limit = createFailedAuthLimit()
    for (let i = 0; i < 100; i++) expect(refused('192.0.2.1')).toBeNull()
    expect(refused('192.0.2.1')).toMatchObject({ code: 'too_many_auth_failures', status: 429 })
  })

  it('are told when the minute is over, and then counted anew', () => {
    for (let i = 0; i < 3; i++) refused('192.0.2.1')
    nowMs += 20_000
    expect(refused('192.0.2.1')?.retryAfterMs).toBe(40_000)
    nowMs += 40_000
    expect(refused('192.0.2.1')).toBeNull()
  })

  it('of one address are not those of another', () => {
    for (let i = 0; i < 4; i++) refused('192.0.2.1')
    expect(refused('192.0.2.2')).toBeNull()
  })

  it.each([
    ['an IPv6 network', '2001:db8:1:2::1', '2001:DB8:1:2:ffff::9'],
    ['an IPv6 network, however it is written', '2001:db8::1', '2001:0db8:0000:0000:1:2:3:4'],
    ['an interface', 'fe80::1%eth0', 'fe80::2%eth0'],
    ['an IPv4 address in IPv6 form', '::ffff:192.0.2.1', '192.0.2.1'],
  ])('are counted together for %s', (_name, first, second) => {
    for (let i = 0; i < 3; i++) expect(refused(first)).toBeNull()
    expect(refused(second)).not.toBeNull()
  })

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db8:0:1::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['::1', '1::'],
  ])('are counted apart for %s and %s', (first, second) => {
    for (let i = 0; i < 4; i++) refused(first)
    expect(refused(second)).toBeNull()
  })

  it('of ten thousand networks at most are remembered', () => {
    for (let i = 0; i < 3; i++) refused('192.0.2.1')
    for (let i = 0; i < 10_000; i++) refused(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    expect(refused('192.0.2.1')).toBeNull()
  })

  it('start anew when the clock is set back', () => {
    for (let i = 0; i < 4; i++) refused('192.0.2.1')
    nowMs -= 3_600_000
    expect(refused('192.0.2.1')).toBeNull()
  })
})
