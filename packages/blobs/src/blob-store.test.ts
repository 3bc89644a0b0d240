import { createHash, randomBytes } from 'node:crypto'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLOB_STORES } from './testing/blob-stores.ts'

async function* from(chunks: Buffer[]) {
  yield* chunks
}

describe.each(BLOB_STORES)('blobs in %s', (_name, open) => {
  let blobs: BlobStore
  let close: () => Promise<void>
  beforeEach(async () => {
    ;({ blobs, close } = await open())
  })
  afterEach(() => close())

  const NAME = 'proj_a/job_1/request'
  const read = async (name: string, range?: { from?: number; to?: number }) => {
    const found = await blobs.stream(name, range)
    if (!found) return null
    const chunks: Buffer[] = []
    for await (const chunk of found.body) chunks.push(chunk)
    return { bytes: found.bytes, text: Buffer.concat(chunks).toString() }
  }
  const namesBelow = async (prefix: string) => {
    const found: string[] = []
    for await (const { name } of blobs.list(prefix)) found.push(name)
    return found
  }

  it('gives back what was put, whole and replaced as a whole', async () => {
    expect(await blobs.get(NAME)).toBeNull()
    await blobs.put(NAME, 'first, and longer')
    await blobs.put(NAME, Buffer.from('second ☃'))
    expect((await blobs.get(NAME))?.toString()).toBe('second ☃')
    await blobs.put(`${NAME}-2`, 'fresh', { fresh: true })
    expect((await blobs.get(`${NAME}-2`))?.toString()).toBe('fresh')
  })

  it('writes a stream and tells its size and digest', async () => {
    const chunks = [randomBytes(100_000), randomBytes(3), Buffer.alloc(0), randomBytes(7_000_000)]
    const whole = Buffer.concat(chunks)
    const written = await blobs.putStream(NAME, from(chunks))
    expect(written).toEqual({ bytes: whole.length, sha256: createHash('sha256').update(whole).digest('hex') })
    expect(whole.equals((await blobs.get(NAME))!)).toBe(true)
    expect(await blobs.putStream(NAME, from([]))).toMatchObject({ bytes: 0 })
    expect((await blobs.get(NAME))?.length).toBe(0)
  })

  it.each([
    ['small', 10],
    ['large enough for parts', 6_000_000],
  ])(
    'keeps what was there when a %s stream fails or is too large, and leaves nothing beside it',
    async (_size, bytes) => {
      await blobs.put(NAME, 'before')
      const told = { returned: false }
      async function* source(fails: boolean) {
        try {
          yield randomBytes(bytes)
          if (fails) throw new Error('the client is gone')
          yield randomBytes(2)
        } finally {
          told.returned = true
        }
      }
      await expect(blobs.putStream(NAME, source(true))).rejects.toThrow('the client is gone')
      told.returned = false
      await expect(blobs.putStream(NAME, source(false), { maxBytes: bytes + 1 })).rejects.toMatchObject({
        code: 'file_too_large',
      })
      expect(told.returned).toBe(true)
      expect((await blobs.get(NAME))?.toString()).toBe('before')
      await blobs.putStream('proj_a/job_2/request', source(true)).catch(() => {})
      expect(await namesBelow('')).toEqual([NAME])
      expect(await blobs.dropUnfinished(-60_000)).toBe(0)
      expect(await blobs.putStream(NAME, source(false), { maxBytes: bytes + 2 })).toMatchObject({ bytes: bytes + 2 })
    },
  )

  it.each([
    [0, undefined, '0123456789'],
    [3, undefined, '3456789'],
    [3, 5, '34'],
    [9, 10, '9'],
    [8, 99, '89'],
    [4, 4, ''],
    [10, 20, ''],
    [50, 60, ''],
  ])('reads from %s to %s', async (start, to, expected) => {
    await blobs.put(NAME, '0123456789')
    expect(await read(NAME, { from: start, ...(to === undefined ? {} : { to }) })).toEqual({
      bytes: 10,
      text: expected,
    })
    if (to !== undefined) expect((await blobs.getRange(NAME, start, to))?.toString()).toBe(expected)
  })

  it('reads nothing from an empty blob, and knows what is missing', async () => {
    await blobs.put(NAME, '')
    expect(await read(NAME)).toEqual({ bytes: 0, text: '' })
    expect(await read(NAME, { from: 0, to: 5 })).toEqual({ bytes: 0, text: '' })
    expect((await blobs.getRange(NAME, 0, 5))?.toString()).toBe('')
    expect(await read('proj_a/job_1/none')).toBeNull()
    expect(await blobs.getRange('proj_a/job_1/none', 0, 5)).toBeNull()
  })

  it('lets go of a body that nobody reads to its end', async () => {
    await blobs.put(NAME, randomBytes(5_000_000))
    for (let i = 0; i < 3; i++) (await blobs.stream(NAME))!.body.destroy()
    for await (const chunk of (await blobs.stream(NAME))!.body) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
  })

  it('composes parts of any size in their order, and keeps them', async () => {
    const sizes = [10, 5_500_000, 0, 20, 6_000_000, 5]
    const parts = sizes.map((bytes) => randomBytes(bytes))
    const names = parts.map((_, i) => `proj_a/batch_1/part/${i}`)
    for (const [i, part] of parts.entries()) await blobs.put(names[i]!, part)
    const whole = Buffer.concat(parts)
    expect(await blobs.compose(NAME, names)).toEqual({ bytes: whole.length })
    expect(whole.equals((await blobs.get(NAME))!)).toBe(true)
    expect(await namesBelow('proj_a/batch_1')).toHaveLength(parts.length)
    expect(await blobs.compose(NAME, [names[0]!, names[3]!])).toEqual({ bytes: 30 })
    expect((await blobs.get(NAME))?.equals(Buffer.concat([parts[0]!, parts[3]!]))).toBe(true)
    expect(await blobs.compose(NAME, [])).toEqual({ bytes: 0 })
    expect((await blobs.get(NAME))?.length).toBe(0)
  })

  it.each([
    ['small', 10],
    ['large', 5_500_000],
  ])('composes nothing when a part is missing after a %s one', async (_size, bytes) => {
    await blobs.put(NAME, 'before')
    await blobs.put('proj_a/batch_1/1', randomBytes(bytes))
    await expect(blobs.compose(NAME, ['proj_a/batch_1/1', 'proj_a/batch_1/2'])).rejects.toThrow()
    expect((await blobs.get(NAME))?.toString()).toBe('before')
    expect(await blobs.dropUnfinished(-60_000)).toBe(0)
  })

  it('deletes one, or all of an owner, and nobody else', async () => {
    const names = ['proj_a/job_1/a', 'proj_a/job_1/b', 'proj_a/job_1/deep/c', 'proj_a/job_12/a', 'proj_ab/job_1/a']
    for (const name of names) await blobs.put(name, 'x')
    await blobs.delete('proj_a/job_1/a')
    await blobs.delete('proj_a/job_1/a')
    expect(await namesBelow('proj_a/job_1')).toEqual(expect.arrayContaining(['proj_a/job_1/b', 'proj_a/job_1/deep/c']))
    await blobs.deleteBelow('proj_a/job_1')
    await blobs.deleteBelow('proj_a/none')
    expect((await namesBelow('')).toSorted()).toEqual(['proj_a/job_12/a', 'proj_ab/job_1/a'])
    await blobs.deleteBelow('proj_a')
    expect(await namesBelow('proj_ab')).toEqual(['proj_ab/job_1/a'])
    await expect(blobs.deleteBelow('')).rejects.toThrow('prefix')
    expect(await namesBelow('')).toEqual(['proj_ab/job_1/a'])
  })

  it('lists any number, owner by owner, with the time of their writing', async () => {
    const begun = Date.now()
    const names = Array.from({ length: 30 }, (_, i) => `proj_${i % 2}/job_${i % 5}/part_${i}`)
    await Promise.all(names.map((name) => blobs.put(name, 'x')))
    const listed: { name: string; modifiedAtMs: number }[] = []
    for await (const found of blobs.list('')) listed.push(found)
    expect(listed.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    const owners = listed.map(({ name }) => name.split('/').slice(0, 2).join('/'))
    expect(owners.filter((owner, i) => owner !== owners[i - 1])).toHaveLength(10)
    // S3 tells whole seconds.
    for (const { modifiedAtMs } of listed) expect(Math.abs(modifiedAtMs - begun)).toBeLessThan(10_000)
  })

  it.each(['..', '../x', 'a', 'a/../b', '/a/b', 'a//b', 'a/b\0', 'a/b/c/d/e', 'a/b.tmp', `a/${'b'.repeat(65)}`])(
    'refuses the name %j',
    async (name) => {
      await expect(blobs.put(name, 'x')).rejects.toThrow('not a blob name')
      await expect(blobs.get(name)).rejects.toThrow('not a blob name')
      await expect(blobs.putStream(name, from([]))).rejects.toThrow('not a blob name')
    },
  )

  it.each(['..', 'a/..', '/', 'a/', 'a//b', '.'])('refuses the prefix %j', async (prefix) => {
    await expect(blobs.deleteBelow(prefix)).rejects.toThrow('not a blob prefix')
    await expect(namesBelow(prefix)).rejects.toThrow('not a blob prefix')
  })

  it('survives writers and deleters of one owner at the same time', async () => {
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const name = `proj_a/job_1/part_${i}`
        await blobs.put(name, 'x', { fresh: i % 2 === 0 })
        await blobs.delete(name)
      }),
    )
    expect(await namesBelow('')).toEqual([])
  })
})
