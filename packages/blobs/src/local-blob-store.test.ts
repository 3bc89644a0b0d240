import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLocalBlobStore } from './local-blob-store.ts'

let directory: string
let blobs: BlobStore
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'blobs-'))
  blobs = await openLocalBlobStore(directory)
})
afterEach(() => rm(directory, { recursive: true }))

async function names(): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of blobs.list('')) found.push(name)
  return found
}

it('shows nothing of a blob that is still being written', async () => {
  const seen: unknown[] = []
  async function* source() {
    yield Buffer.from('half')
    seen.push(await blobs.get('p/job_1/request'), await names())
    seen.push(await readdir(join(directory, 'p/job_1')))
    yield Buffer.from(' and half')
  }
  await blobs.putStream('p/job_1/request', source())
  expect(seen).toEqual([null, [], [expect.stringMatching(/^request\.[0-9a-f]{12}\.tmp$/)]])
  expect((await blobs.get('p/job_1/request'))?.toString()).toBe('half and half')
})

it('leaves no directory behind', async () => {
  await blobs.put('p/job_1/a', 'x')
  await blobs.put('p/job_2/a', 'x')
  await blobs.delete('p/job_1/a')
  expect(await readdir(join(directory, 'p'))).toEqual(['job_2'])
  await blobs.deleteBelow('p/job_2')
  expect(await readdir(directory)).toEqual([])
  async function* failing() {
    yield Buffer.from('half')
    throw new Error('gone')
  }
  await expect(blobs.putStream('p/job_1/a', failing())).rejects.toThrow('gone')
  expect(await readdir(directory)).toEqual([])
})

it('drops old drafts alone, and lists neither drafts nor what is not ours', async () => {
  await mkdir(join(directory, 'p/job_1'), { recursive: true })
  const old = 'p/job_1/request.0123456789ab.tmp'
  for (const name of [old, 'p/job_1/request.ba9876543210.tmp', 'p/job_1/notes.txt', 'README']) {
    await writeFile(join(directory, name), 'x')
  }
  await blobs.put('p/job_1/request', 'x')
  const hourAgo = Date.now() / 1_000 - 3_600
  for (const name of [old, 'p/job_1/request', 'README']) await utimes(join(directory, name), hourAgo, hourAgo)
  expect(await blobs.dropUnfinished(1_800_000)).toBe(1)
  expect((await readdir(join(directory, 'p/job_1'))).toSorted()).toEqual([
    'notes.txt',
    'request',
    'request.ba9876543210.tmp',
  ])
  expect(await names()).toEqual(['p/job_1/request'])
})
