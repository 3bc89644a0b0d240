import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileBlob, newFileId } from '@switchyard/batches/files/file-id'
import { getFile } from '@switchyard/batches/files/get-file'
import { registerFile } from '@switchyard/batches/files/register-file'
import { openLocalBlobStore } from '@switchyard/blobs/local-blob-store'
import { newJobId } from '@switchyard/contract/ids'
import { archiveBlob, requestBlob } from '@switchyard/jobs/blob-names'
import { createJob } from '@switchyard/jobs/create-job'
import { INLINE_BODY_BYTES } from '@switchyard/jobs/durations'
import type { Jobs } from '@switchyard/jobs/jobs'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { collectOrphans } from './collect-orphans.ts'
import { ownerKinds } from './owner-kinds.ts'

const PROJECT = 'proj_test'
const HOUR_MS = 3_600_000

describe.each(OWN_SERVERS)('collectOrphans on %s', (_name, url) => {
  let redis: RedisClient
  let directory: string
  let jobs: Jobs
  beforeEach(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'orphans-test' })
    directory = await mkdtemp(join(tmpdir(), 'orphans-'))
    jobs = { redis, blobs: await openLocalBlobStore(directory) }
  })
  afterEach(async () => {
    await disconnectRedis(redis)
    await rm(directory, { recursive: true })
  })

  const collect = (nowMs?: number) => collectOrphans(jobs.blobs, ownerKinds(jobs), nowMs)

  async function names(): Promise<string[]> {
    const found: string[] = []
    for await (const { name } of jobs.blobs.list('')) found.push(name.split('/')[1]!)
    return [...new Set(found)].toSorted()
  }

  /** Blobs that were written so long ago. */
  async function leave(ageMs: number, jobId = newJobId()): Promise<string> {
    await jobs.blobs.put(requestBlob(PROJECT, jobId), 'a request')
    await jobs.blobs.put(archiveBlob(PROJECT, jobId), 'an archive')
    const at = (Date.now() - ageMs) / 1_000
    for (const part of ['request', 'archive']) await utimes(join(directory, PROJECT, jobId, part), at, at)
    return jobId
  }

  it('deletes what no record knows any more, once it is an hour old', async () => {
    const old = await leave(HOUR_MS + 5_000)
    const young = await leave(HOUR_MS - 5_000)
    const spec = newSpec({ project: PROJECT })
    await createJob(jobs, { spec, body: Buffer.alloc(INLINE_BODY_BYTES + 1), reader: null })
    await leave(2 * HOUR_MS, spec.id)
    expect(await collect()).toBe(1)
    expect(await names()).toEqual([young, spec.id].toSorted())
    expect(await jobs.blobs.get(requestBlob(PROJECT, old))).toBeNull()
    expect(await collect()).toBe(0)
  })

  it('deletes any number of them', async () => {
    await Promise.all(Array.from({ length: 450 }, () => leave(2 * HOUR_MS)))
    expect(await collect()).toBe(450)
    expect(await names()).toEqual([])
  })

  it('leaves alone what is none of ours', async () => {
    await mkdir(join(directory, PROJECT, 'lost+found'), { recursive: true })
    await mkdir(join(directory, PROJECT, 'elses'), { recursive: true })
    await writeFile(join(directory, PROJECT, 'elses', 'file'), 'a file')
    await writeFile(join(directory, 'README'), 'a file')
    const [before, after] = [await leave(2 * HOUR_MS), await leave(2 * HOUR_MS)]
    expect(await collect(Date.now() + 3 * HOUR_MS)).toBe(2)
    for (const jobId of [before, after]) expect(await names()).not.toContain(jobId)
    expect(await names()).toEqual(['elses'])
    expect((await readdir(directory)).toSorted()).toEqual(['README', PROJECT])
    expect((await readdir(join(directory, PROJECT))).toSorted()).toEqual(['elses', 'lost+found'])
  })

  it('deletes the content of files that have expired or never got their record, and keeps that of others', async () => {
    const project = `proj_${randomUUID()}`
    const old = async (expiresAtMs: number | null | undefined) => {
      const id = newFileId()
      const blob = fileBlob(project, id)
      await jobs.blobs.put(blob, 'content')
      const at = (Date.now() - 2 * HOUR_MS) / 1_000
      await utimes(join(directory, blob), at, at)
      if (expiresAtMs === undefined) return id
      const file = { project, id, blob, bytes: 7, filename: 'f', purpose: 'batch', expiresAtMs } as const
      await registerFile(jobs, file)
      return id
    }
    const [, expiring, kept] = [await old(undefined), await old(Date.now() + 60), await old(null)]
    await vi.waitUntil(async () => (await getFile(jobs, project, expiring)) === null)
    const young = newFileId()
    await jobs.blobs.put(fileBlob(project, young), 'content')
    expect(await collect()).toBe(2)
    expect(await names()).toEqual([kept, young].toSorted())
  })

  it('drops what an upload left behind whose process died', async () => {
    const spec = newSpec({ project: PROJECT })
    await createJob(jobs, { spec, body: Buffer.alloc(INLINE_BODY_BYTES + 1), reader: null })
    const drafts = ['0123456789ab', 'ba9876543210'].map((id) => join(directory, PROJECT, spec.id, `request.${id}.tmp`))
    for (const draft of drafts) await writeFile(draft, 'half')
    const at = (Date.now() - 25 * HOUR_MS) / 1_000
    await utimes(drafts[0]!, at, at)
    expect(await collect()).toBe(1)
    expect((await readdir(join(directory, PROJECT, spec.id))).toSorted()).toEqual([
      'request',
      'request.ba9876543210.tmp',
    ])
  })
})
