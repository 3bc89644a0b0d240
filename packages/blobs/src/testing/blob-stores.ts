import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { openLocalBlobStore } from '../local-blob-store.ts'

interface OpenStore {
  blobs: BlobStore
  close(): Promise<void>
}

/** Every kind of store, each empty and of its own. */
export const BLOB_STORES: [name: string, open: () => Promise<OpenStore>][] = [
  ['memory', async () => ({ blobs: memoryBlobStore(), close: async () => {} })],
  ['a directory', () => openInDirectory(false)],
  ['a directory, fsynced', () => openInDirectory(true)],
]

async function openInDirectory(fsync: boolean): Promise<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'))
  const blobs = await openLocalBlobStore(directory, { fsync })
  return { blobs, close: () => rm(directory, { recursive: true }) }
}
