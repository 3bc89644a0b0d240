import type { RedisClient } from '@switchyard/redis/connect'
import type { BlobStore } from './blob-store.ts'

/** What every function of this package works on. */
export interface Jobs {
  redis: RedisClient
  blobs: BlobStore
}
