import { BrokerError } from '@switchyard/contract/broker-error'
import { newUlid } from '@switchyard/contract/ids'
import type { RedisClient } from '@switchyard/redis/connect'
import { parseApiKey } from './api-key.ts'
import { createKeyStore, digestOf } from './key-store.ts'
import { bootstrapKey, projectKey } from './keys.ts'
import { ALL_SCOPES } from './principal.ts'

const DEFAULT_PROJECT = 'proj_default'

/**
 * Makes sure that the development project exists and that `SWITCHYARD_API_KEY` opens it with all rights. Every process may call it at
 * every start. Another key than last time revokes that one, so only the latest works.
 * Throws `invalid_value` for a key of the wrong form.
 */
export async function ensureDevelopmentProject(
  redis: RedisClient,
  apiKey: string,
  project: string = DEFAULT_PROJECT,
): Promise<void> {
  const parsed = parseApiKey(apiKey)
  if (!parsed.ok) {
    throw new BrokerError(
      'invalid_value',
      'SWITCHYARD_API_KEY must be sk-sy- and 20 to 200 letters, digits, "-" or "_"; a generated one must be unchanged.',
      { param: 'SWITCHYARD_API_KEY' },
    )
  }
  const store = createKeyStore({ redis })
  const nowMs = Date.now()
  await redis.hsetnx(projectKey(project), 'createdAtMs', nowMs)
  await redis.hsetnx(projectKey(project), 'name', 'Default')

  // The pointer moves last: whatever a crash interrupts, the next start does again.
  const digest = digestOf(apiKey)
  const previous = await redis.get(bootstrapKey(project))
  if (previous !== null && previous !== digest) await store.revoke(previous, nowMs)
  const record = await store.find(apiKey)
  if (!record || record.revokedAtMs !== null) {
    await store.put(apiKey, {
      id: `key_${newUlid(nowMs)}`,
      project,
      scopes: [ALL_SCOPES],
      name: 'SWITCHYARD_API_KEY',
      createdAtMs: nowMs,
      expiresAtMs: null,
      revokedAtMs: null,
      prefix: parsed.prefix,
    })
  }
  await redis.set(bootstrapKey(project), digest)
}
