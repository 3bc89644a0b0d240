import type { RedisClient } from '@switchyard/redis/connect'

/** What the functions for endpoints and their secrets work on. */
export interface Notifications {
  redis: RedisClient
  /** What every signing secret is derived from (master-secret.ts). */
  masterSecret: string
}
