import { hash } from 'node:crypto'
import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { z } from 'zod'
import { apiKeyKey } from './keys.ts'

const apiKeyRecord = z.object({
  id: z.string().min(1),
  project: z.string().min(1),
  scopes: z.array(z.string()),
  name: z.string(),
  createdAtMs: z.number(),
  expiresAtMs: z.number().nullable(),
  revokedAtMs: z.number().nullable(),
  /** First characters of the key, for messages and lists. */
  prefix: z.string(),
})

/** What is known of an API key; the key itself is kept nowhere. */
export type ApiKeyRecord = z.infer<typeof apiKeyRecord>

export interface KeyStore {
  /** Writes a key's record, also over an older one. */
  put(key: string, record: ApiKeyRecord): Promise<void>
  find(key: string): Promise<ApiKeyRecord | null>
  /** By digest, because whoever revokes does not hold the key. False when there is no such key. The first time stays. */
  revoke(digest: string, atMs: number): Promise<boolean>
}

const REVOKE = defineScript(
  'revoke-api-key',
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSETNX', KEYS[1], 'revokedAtMs', ARGV[1])
return 1`,
)

/**
 * SHA-256 of a key in hex. Keys hold 256 random bits, so a slow hash would protect nothing and let anybody make us work.
 * Always compared and cached whole.
 */
export function digestOf(key: string): string {
  return hash('sha256', key)
}

/** API keys in Redis, by digest. A record that cannot be read is an error, never a key. */
export function createKeyStore({ redis }: { redis: RedisClient }): KeyStore {
  return {
    async put(key, record) {
      const { revokedAtMs, ...lasting } = record
      const name = apiKeyKey(digestOf(key))
      const transaction = redis.multi().del(name).hset(name, 'record', JSON.stringify(lasting))
      if (revokedAtMs !== null) transaction.hset(name, 'revokedAtMs', revokedAtMs)
      for (const [error] of (await transaction.exec()) ?? []) if (error) throw error
    },
    async find(key) {
      const [record, revokedAtMs] = await redis.hmget(apiKeyKey(digestOf(key)), 'record', 'revokedAtMs')
      if (!record) return null
      return apiKeyRecord.parse({ ...JSON.parse(record), revokedAtMs: revokedAtMs ? Number(revokedAtMs) : null })
    },
    async revoke(digest, atMs) {
      return (await runScript(redis, REVOKE, [apiKeyKey(digest)], [atMs])) === 1
    },
  }
}
