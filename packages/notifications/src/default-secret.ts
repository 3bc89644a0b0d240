import type { RedisClient } from '@switchyard/redis/connect'
import { type DefaultRecord, defaultRecord } from './endpoint-record.ts'
import { OLD_SECRET_MS } from './endpoints.ts'
import { projectKeys } from './keys.ts'
import type { Notifications } from './notifications.ts'
import { defaultOwner, deriveSecret, secretHint } from './secrets.ts'

/** Under this id the project's own secret, and what went to URLs that jobs brought, are reached like an endpoint's. */
export const DEFAULT_ID = 'default'

/** What is kept of the default secret, as `lua/take.lua` hands it out; the first version was never written down. */
export function parseDefault(json: string | null): DefaultRecord {
  if (!json) return { version: 1, previousUntilMs: null, updatedAtMs: 0 }
  return defaultRecord.parse(JSON.parse(json))
}

async function readDefault(redis: RedisClient, project: string): Promise<DefaultRecord> {
  return parseDefault(await redis.get(projectKeys(project).defaults))
}

/** The secret that signs what goes to URLs that jobs bring. To be shown to the project's administrators alone. */
export async function defaultSecret(
  on: Notifications,
  project: string,
): Promise<{ secret: string; hint: string; updatedAtMs: number }> {
  const { version, updatedAtMs } = await readDefault(on.redis, project)
  const secret = deriveSecret(on.masterSecret, defaultOwner(project), version)
  return { secret, hint: secretHint(secret), updatedAtMs }
}

/** The next default secret; the one before signs too for another day, unless it is known to others. Two at once may give the same. */
export async function rotateDefaultSecret(
  on: Notifications,
  project: string,
  options: { keepOld: boolean },
): Promise<{ secret: string; hint: string; updatedAtMs: number }> {
  const before = await readDefault(on.redis, project)
  const nowMs = Date.now()
  const record: DefaultRecord = {
    version: before.version + 1,
    previousUntilMs: options.keepOld ? nowMs + OLD_SECRET_MS : null,
    updatedAtMs: nowMs,
  }
  await on.redis.set(projectKeys(project).defaults, JSON.stringify(record))
  return defaultSecret(on, project)
}
