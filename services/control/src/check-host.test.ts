import { BrokerError } from '@switchyard/contract/broker-error'
import { describe, expect, it } from 'vitest'
import { checkHost } from './check-host.ts'
import { isLoopback } from './loopback.ts'

describe('checkHost', () => {
  it.each(['localhost', 'LocalHost:8081', '127.0.0.1:8081', '[::1]:8081', '10.1.2.3', 'control:8081'])(
    'lets %s in',
    (host) => {
      expect(() => checkHost(host, ['control'])).not.toThrow()
    },
  )

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8081',
    'localhost.evil.example',
    'control.evil.example',
    'localhost:8081@evil.example',
    '127.0.0.1.evil.example',
    'localhost/',
    'localhost:port',
    '[::1',
    ' localhost',
  ])('does not let %s in', (host) => {
    try {
      checkHost(host, ['control'])
    } catch (error) {
      expect(BrokerError.is(error) && error.code).toBe('invalid_host')
      return
    }
    expect.fail('it was let in')
  })
})

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('is true of %s', (host) =>
    expect(isLoopback(host)).toBe(true),
  )
  it.each(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'control'])('is not of %s', (host) =>
    expect(isLoopback(host)).toBe(false),
  )
})
