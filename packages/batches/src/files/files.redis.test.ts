import { randomUUID } from 'node:crypto'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFile, type FileForm } from './create-file.ts'
import { deleteFile } from './delete-file.ts'
import { fileBlob, isFileId, newFileId } from './file-id.ts'
import { filesExist, getFile } from './get-file.ts'
import { listFiles } from './list-files.ts'
import { type NewFile, registerFile } from './register-file.ts'

const SERVERS = { 'one Redis': 'TEST_REDIS_URL', 'a cluster': 'TEST_REDIS_CLUSTER' }

async function* once(text: string) {
  yield Buffer.from(text)
}

describe.each(Object.entries(SERVERS))('files on %s', (_name, variable) => {
  let redis: RedisClient
  let blobs: ReturnType<typeof memoryBlobStore>
  let project: string
  beforeEach(async () => {
    redis = await connectRedis(process.env[variable]!, { role: 'consumer', name: 'files-test' })
    blobs = memoryBlobStore()
    project = `proj_${randomUUID()}`
  })
  afterEach(() => disconnectRedis(redis))

  const files = () => ({ redis, blobs })
  const register = (given: Partial<NewFile> = {}) =>
    registerFile(files(), {
      project,
      blob: `${project}/x/y`,
      bytes: 1,
      filename: 'f',
      purpose: 'batch_output',
      expiresAtMs: null,
      ...given,
    })
  const create = (form: () => Promise<FileForm>, content = 'abc') =>
    createFile(files(), {
      project,
      filename: 'a.jsonl',
      maxBytes: 1_000,
      form,
      content: once(content),
    })

  it('registers the first file of an id and gives it to whoever repeats that', async () => {
    const id = newFileId()
    const first = await register({ id, filename: 'first' })
    expect(await register({ id, filename: 'second' })).toEqual(first)
    expect(await getFile(files(), project, id)).toEqual(first)
    expect((await listFiles(files(), project, { limit: 10, order: 'desc' })).records).toEqual([first])
  })

  it('bounds the files of a project, but not those of the broker', async () => {
    for (let i = 0; i < 2; i++) await register({ mostFiles: 2 })
    await expect(register({ mostFiles: 2 })).rejects.toMatchObject({ code: 'storage_quota' })
    const own = await register()
    await deleteFile(files(), project, own.id)
    await deleteFile(files(), project, (await register()).id)
    await expect(register({ mostFiles: 2 })).rejects.toMatchObject({ code: 'storage_quota' })
    await register({ mostFiles: 3 })
  })

  it('lets a file go at its time, from the lists too', async () => {
    const kept = await register()
    const expiring = await register({ expiresAtMs: Date.now() + 80 })
    expect((await listFiles(files(), project, { limit: 10, order: 'asc' })).records).toHaveLength(2)
    await vi.waitUntil(async () => (await getFile(files(), project, expiring.id)) === null)
    const asked = [kept, expiring].map(({ id }) => ({ project, id }))
    expect(await filesExist(files(), asked)).toEqual([true, false])
    for (const order of ['asc', 'desc'] as const) {
      for (const purpose of [undefined, 'batch_output'] as const) {
        const page = await listFiles(files(), project, { limit: 1, order, purpose })
        expect(page).toEqual({ records: [kept], hasMore: false })
      }
    }
  })

  it('pages through more files than one script reads', async () => {
    const ids = Array.from({ length: 1_203 }, (_, i) => newFileId(1_790_000_000_000 + i))
    await Promise.all(ids.map((id, i) => register({ id, purpose: i % 2 === 0 ? 'batch' : 'vision' })))
    const all = async (limit: number, order: 'asc' | 'desc', purpose?: 'batch') => {
      const found: string[] = []
      for (let after: string | undefined; ; after = found.at(-1)) {
        const { records, hasMore } = await listFiles(files(), project, { limit, order, purpose, after })
        found.push(...records.map(({ id }) => id))
        expect(records.length).toBeLessThanOrEqual(limit)
        if (!hasMore) return found
      }
    }
    expect(await all(10_000, 'asc')).toEqual(ids)
    expect(await all(1_202, 'desc')).toEqual(ids.toReversed())
    expect(await all(500, 'asc')).toEqual(ids)
    expect(await all(400, 'asc', 'batch')).toEqual(ids.filter((_, i) => i % 2 === 0))
  }, 20_000)

  it('keeps neither blob nor record of what is refused, and the blob where the answer of Redis is not known', async () => {
    const refused = [
      () => Promise.reject(new Error('not a refusal of ours')),
      () => Promise.resolve<FileForm>({ purpose: 'batch', expiresAfterSeconds: undefined }),
    ]
    await expect(create(refused[0]!)).rejects.toThrow('not a refusal')
    expect(blobs.names()).toHaveLength(1)
    await blobs.deleteBelow(project)
    await expect(create(refused[1]!, '')).rejects.toMatchObject({ code: 'invalid_value', param: 'file' })
    expect(blobs.names()).toEqual([])
    expect((await listFiles(files(), project, { limit: 1, order: 'asc' })).records).toEqual([])
  })

  it('deletes the content with the file', async () => {
    const { id } = await create(async () => ({ purpose: 'user_data', expiresAfterSeconds: undefined }))
    expect(blobs.names()).toEqual([fileBlob(project, id)])
    expect(await deleteFile(files(), `${project}x`, id)).toBe(false)
    expect(await deleteFile(files(), project, id)).toBe(true)
    expect(await deleteFile(files(), project, id)).toBe(false)
    expect(blobs.names()).toEqual([])
  })
})

it.each(['', 'file-', 'file-x', `${newFileId()}x`, newFileId().toLowerCase(), '../x'])(
  '%j is no id of a file',
  (id) => {
    expect(isFileId(id)).toBe(false)
  },
)
