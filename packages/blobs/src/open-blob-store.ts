import type { BlobStore } from '@switchyard/contract/blob-store'
import { openLocalBlobStore } from './local-blob-store.ts'
import { parseS3Location } from './s3/s3-place.ts'

export interface BlobSettings {
  /** `s3://bucket/prefix`, or a directory. */
  location: string
  /** URL of a server that speaks like S3; undefined: S3 itself. */
  s3Endpoint: string | undefined
  /** A directory's writes are on the disk when they resolve; S3's always are. */
  fsync: boolean
}

/** The store that the operator chose. Rejects when it can't be reached. */
export async function openBlobStore({ location, s3Endpoint, fsync }: BlobSettings): Promise<BlobStore> {
  if (!location.startsWith('s3:')) return openLocalBlobStore(location, { fsync })
  const place = parseS3Location(location)
  if (!place) throw new Error('SWITCHYARD_BLOBS is no s3://bucket/prefix')
  // Only here: loading the SDK takes longer than all else that a process does at its start.
  const { openS3BlobStore } = await import('./s3/s3-blob-store.ts')
  return openS3BlobStore(place, { endpoint: s3Endpoint })
}
