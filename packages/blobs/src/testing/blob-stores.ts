import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { openBlobStore } from '../open-blob-store.ts'
import { startS3Server } from './s3-server.ts'

interface OpenStore {
  blobs: BlobStore
  close(): Promise<void>
}

/** Every kind of store, each empty and of its own. */
export const BLOB_STORES: (readonly [name: string, open: () => Promise<OpenStore>])[] = [
  ['memory', async () => ({ blobs: memoryBlobStore(), close: async () => {} })],
  ['a directory', () => openInDirectory(false)],
  ['a directory, fsynced', () => openInDirectory(true)],
  ['S3', openInS3],
  // Whoever wants to know whether a server will do: TEST_S3_ENDPOINT and TEST_S3_BUCKET, an empty bucket, with AWS_* as for the services.
  ...(process.env.TEST_S3_ENDPOINT ? [['the S3 server of TEST_S3_ENDPOINT', openInGivenS3] as const] : []),
]

async function openInDirectory(fsync: boolean): Promise<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'))
  const blobs = await openBlobStore({ location: directory, s3Endpoint: undefined, fsync })
  return { blobs, close: () => rm(directory, { recursive: true }) }
}

async function openInS3(): Promise<OpenStore> {
  process.env.AWS_ACCESS_KEY_ID = 'test'
  process.env.AWS_SECRET_ACCESS_KEY = 'test'
  const server = await startS3Server('bucket')
  const blobs = await openBlobStore({ location: 's3://bucket/some/prefix', s3Endpoint: server.url, fsync: false })
  return { blobs, close: server.stop }
}

async function openInGivenS3(): Promise<OpenStore> {
  const location = `s3://${process.env.TEST_S3_BUCKET}/${randomUUID()}`
  const blobs = await openBlobStore({ location, s3Endpoint: process.env.TEST_S3_ENDPOINT, fsync: false })
  return { blobs, close: async () => {} }
}
