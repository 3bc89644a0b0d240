import type { BlobStore } from '@switchyard/contract/blob-store'
import type { RedisClient } from '@switchyard/redis/connect'

/** What every function of this package works on. */
export interface Batches {
  redis: RedisClient
  blobs: BlobStore
}
