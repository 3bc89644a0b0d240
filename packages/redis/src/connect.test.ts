import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parseRedisUrl } from './connect.ts'

describe('parseRedisUrl', () => {
  it.each<[url: string, addresses: object[]]>([
    ['redis://redis.internal', [{ host: 'redis.internal', port: 6379 }]],
    ['redis://redis.internal:6380', [{ host: 'redis.internal', port: 6380 }]],
    ['redis://', [{ host: '127.0.0.1', port: 6379 }]],
    ['redis://h/', [{ host: 'h', port: 6379 }]],
    ['redis://h/0', [{ host: 'h', port: 6379 }]],
    ['redis://h:1/7', [{ host: 'h', port: 1, db: 7 }]],
    ['redis://:p%40ss%2Fword@h', [{ host: 'h', port: 6379, password: 'p@ss/word' }]],
    ['redis://me:pass@h', [{ host: 'h', port: 6379, username: 'me', password: 'pass' }]],
    ['rediss://h:6390', [{ host: 'h', port: 6390, tls: {} }]],
    ['redis://[::1]:6379', [{ host: '::1', port: 6379 }]],
    ['unix:///run/a%20b/redis.sock', [{ path: '/run/a b/redis.sock' }]],
    [
      ' redis://a:1 , redis://b:2,rediss://c',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379, tls: {} },
      ],
    ],
  ])('reads %s', (url, addresses) => {
    expect(parseRedisUrl(url)).toEqual(addresses)
  })

  it.each([
    '',
    'localhost:6379',
    '6379',
    'http://h:6379',
    'redis://h:notaport',
    'redis://a,',
    'redis://h:1 redis://h:2',
  ])('refuses %j by the name of the variable', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: 'invalid_value', param: 'REDIS_URL' }))
  })

  it.each(['redis://h/seven', 'redis://h/1.5', 'redis://h/-1'])('refuses the database of %s', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(/number of a database/)
  })

  it.each(['https://me:hunter2@h', 'redis://me:hunter2@h:notaport', 'redis://me:hunter2%@h', 'redis://me:hunter2@h/x'])(
    'says nothing of the password in %s, also not to whoever prints the whole error',
    (url) => {
      try {
        parseRedisUrl(url)
        expect.unreachable()
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_value', param: 'REDIS_URL' })
        expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
      }
    },
  )
})
