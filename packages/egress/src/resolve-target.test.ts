import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dnsResolve, type Resolve, resolveTarget } from './resolve-target.ts'
import { startDnsServer } from './testing/dns-server.ts'

const PUBLIC = '93.184.215.14'

describe('resolveTarget', () => {
  let server: Awaited<ReturnType<typeof startDnsServer>>
  let resolve: Resolve
  beforeAll(async () => {
    server = await startDnsServer({
      'public.example': [PUBLIC, '2606:4700::1111'],
      'four.example': [PUBLIC],
      'six.example': ['2606:4700::1111'],
      'private.example': ['10.0.0.1'],
      'metadata.example': ['169.254.169.254'],
      'mixed.example': [PUBLIC, '127.0.0.1'],
      'mixed-six.example': [PUBLIC, '::1'],
      'mapped.example': ['::ffff:10.0.0.1'],
      'many.example': Array.from({ length: 20 }, (_, i) => `93.184.215.${i + 1}`),
      'empty.example': [],
    })
    resolve = dnsResolve({ servers: [server.address] })
  })
  afterAll(() => server.stop())

  it.each([
    ['public.example', [PUBLIC, '2606:4700::1111']],
    ['public.example.', [PUBLIC, '2606:4700::1111']],
    ['four.example', [PUBLIC]],
    ['six.example', ['2606:4700::1111']],
  ])('gives the addresses of %s', async (name, addresses) => {
    expect(await resolveTarget(name, resolve)).toEqual(addresses)
  })

  it.each(['private.example', 'metadata.example', 'mixed.example', 'mixed-six.example', 'mapped.example'])(
    'allows none of the addresses of %s',
    (name) => expect(resolveTarget(name, resolve)).rejects.toMatchObject({ notAllowed: true }),
  )

  it.each(['empty.example', 'unknown.example'])('says that %s leads nowhere', (name) =>
    expect(resolveTarget(name, resolve)).rejects.toMatchObject({ notAllowed: false }),
  )

  it('tries a few of many, and asks the name server each time', async () => {
    expect(await resolveTarget('many.example', resolve)).toHaveLength(8)
    const before = server.asked.length
    await resolveTarget('four.example', resolve)
    await resolveTarget('four.example', resolve)
    expect(server.asked.length - before).toBeGreaterThanOrEqual(2)
  })
})
