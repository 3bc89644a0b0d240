import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkUrl } from './check-url.ts'

const PRODUCTION = { allowLoopback: false }
const DEVELOPMENT = { allowLoopback: true }

function verdict(url: string, rules = PRODUCTION): string {
  const checked = checkUrl(url, rules)
  return checked.ok ? 'ok' : checked.problem
}

describe('checkUrl', () => {
  it.each([
    'https://example.com/hook',
    'https://example.com:8443/hook?token=1',
    'https://xn--bcher-kva.example/',
    'https://93.184.215.14/',
    'https://[2606:4700::1111]/',
    'https://example.com./hook',
    'HTTPS://EXAMPLE.com',
  ])('accepts %s', (url) => expect(verdict(url)).toBe('ok'))

  it.each([
    'ftp://example.com/',
    'javascript:alert(1)',
    'https://',
    'https:///path',
    'https:example.com',
    '//example.com',
    'example.com',
    '',
    'http://example.com/',
    'https://user:password@example.com/',
    'https://user@example.com/',
    'https://@example.com/',
    'https://example.com:22/',
    'https://example.com:6379/',
    'https://example.com:80/',
    'https://example.com:99999/',
    'https://good.example\\@bad.example/',
    'https://good.example\\.bad.example/',
    ' https://example.com/',
    'https://exam\tple.com/',
    'https://example.com/\r\nx: y',
    `https://example.com/${'a'.repeat(4_096)}`,
    'https://еxample.com/',
    'https://bücher.example/',
    'https://exa%6dple.com:1/',
    'https://example..com/',
    'https://-a.example/',
    'https://[::1',
    'https://[fe80::1%25eth0]/',
  ])('finds malformed %j', (url) => expect(verdict(url)).toBe('malformed'))

  it.each([
    '127.0.0.1',
    '127.1',
    '0177.0.0.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '①②⑦.⓪.⓪.①',
    '127.0.0.1.',
    '0.0.0.0',
    '0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:a9fe:a9fe]',
    '[::ffff:127.0.0.1]',
    '[::ffff:0:7f00:1]',
    '[::7f00:1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
    '[fec0::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[2001:db8::1]',
    '[3fff::1]',
    '[ff02::1]',
    'localhost',
    'localhost.',
    'LOCALHOST',
    'a.localhost',
    'metadata.google.internal',
    'printer.local',
    'router.home.arpa',
    'redis',
  ])('does not allow %s', (host) => expect(verdict(`https://${host}/`)).toBe('not_allowed'))

  it('does not allow an address of this machine', () => {
    const own = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
    expect(own.length).toBeGreaterThan(0)
    for (const { address, family } of own) {
      const host = family === 'IPv6' ? `[${address.split('%')[0]}]` : address
      expect(verdict(`https://${host}/`)).toBe('not_allowed')
    }
  })

  it.each(['http://127.0.0.1:3000/a', 'http://localhost:3000', 'https://[::1]:9', 'http://127.9.9.9/'])(
    'allows %s in development alone',
    (url) => {
      expect(verdict(url, DEVELOPMENT)).toBe('ok')
      expect(verdict(url)).not.toBe('ok')
    },
  )

  it.each([
    'http://10.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/',
    'http://a.localhost/',
    'http://0.0.0.0/',
    'http://example.com/',
  ])('does not allow %s in development either', (url) => expect(verdict(url, DEVELOPMENT)).not.toBe('ok'))

  it('accepts no private IPv4 address in any writing', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    const address = fc.oneof(
      fc.tuple(fc.constantFrom(0, 10, 127, 224, 240, 255), octet, octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    )
    const writing = fc.constantFrom<(octets: number[]) => string>(
      (octets) => octets.join('.'),
      (octets) => octets.map((each) => `0${each.toString(8)}`).join('.'),
      (octets) => octets.map((each) => `0x${each.toString(16)}`).join('.'),
      (octets) => String(octets.reduce((sum, each) => sum * 256 + each, 0)),
      ([a, b, c, d]) => `${a}.${b}.${c! * 256 + d!}`,
      ([a, b, c, d]) => `[::ffff:${(a! * 256 + b!).toString(16)}:${(c! * 256 + d!).toString(16)}]`,
      ([a, b, c, d]) => `[64:ff9b::${(a! * 256 + b!).toString(16)}:${(c! * 256 + d!).toString(16)}]`,
      ([a, b, c, d]) => `[2002:${(a! * 256 + b!).toString(16)}:${(c! * 256 + d!).toString(16)}::1]`,
    )
    fc.assert(
      fc.property(address, writing, (octets, write) => {
        expect(verdict(`https://${write([...octets])}/`)).toBe('not_allowed')
      }),
    )
  })
})
