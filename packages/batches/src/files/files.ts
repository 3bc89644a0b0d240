import type { BlobStore } from '@switchyard/contract/blob-store'
import type { RedisClient } from '@switchyard/redis/connect'

/** What every function of files works on. */
export interface Files {
  redis: RedisClient
  blobs: BlobStore
}
