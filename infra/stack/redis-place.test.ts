import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareRedisPlace, redisPlace } from './redis-place.ts'

describe('redisPlace', () => {
  it('is beside the data where that is short enough', () => {
    expect(redisPlace('/srv/yard')).toEqual({
      directory: '/srv/yard/redis',
      socket: '/srv/yard/redis/redis.sock',
      pidFile: '/srv/yard/redis/redis.pid',
    })
  })

  it('counts bytes, and gives each data directory a socket of its own', () => {
    const wide = `/${'é'.repeat(45)}`
    const one = redisPlace(wide, '/tmp')
    expect(one.directory).toBe(`${wide}/redis`)
    expect(one.socket).toMatch(/^\/tmp\/switchyard-[0-9a-f]{16}\/redis\.sock$/)
    expect(redisPlace(`${wide}2`, '/tmp').socket).not.toBe(one.socket)
    expect(redisPlace(wide, '/tmp').socket).toBe(one.socket)
  })

  it('gives up where no path is short enough', () => {
    expect(() => redisPlace(`/${'a'.repeat(120)}`, `/${'b'.repeat(120)}`)).toThrow(/shorter path/)
  })
})

describe('prepareRedisPlace', () => {
  it('makes both directories for this user alone, and refuses a planted one', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'sy-place-'))
    const dataDir = join(temporary, 'd'.repeat(100))
    const place = redisPlace(dataDir, temporary)
    await prepareRedisPlace(place)
    await prepareRedisPlace(place)
    for (const directory of [place.directory, join(place.socket, '..')]) {
      expect((await stat(directory)).mode & 0o777).toBe(0o700)
    }
    await rm(join(place.socket, '..'), { recursive: true })
    await writeFile(join(temporary, 'target'), '')
    await symlink(join(temporary, 'target'), join(place.socket, '..'))
    await expect(prepareRedisPlace(place)).rejects.toThrow(/belongs to somebody else/)
    await rm(temporary, { recursive: true })
  })
})
