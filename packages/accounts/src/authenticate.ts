import { BrokerError } from '@switchyard/contract/broker-error'
import { parseApiKey } from './api-key.ts'
import { type ApiKeyRecord, digestOf, type KeyStore } from './key-store.ts'
import { LruMap } from './lru-map.ts'
import type { Principal } from './principal.ts'

export interface Authenticator {
  /**
   * Names the caller of a request from its `Authorization` header (all of them, where there are several: more than one is refused).
   * Rejects with `missing_api_key`, `invalid_api_key` (one body for whatever is wrong with it), `key_expired`, `key_revoked`, or
   * `service_unavailable` when Redis can't be asked.
   */
  authenticate(authorization: string | readonly string[] | undefined): Promise<Principal>
}

type Known = ApiKeyRecord & { weight: number }

interface Cached {
  record: Known | null
  untilMs: number
}

const KNOWN_KEYS = 10_000
const UNKNOWN_KEYS = 10_000
/** No key is longer (api-key.ts); longer headers are not even hashed. */
const LONGEST_HEADER = 256
const RETRY_AFTER_MS = 1_000

/**
 * Answers are kept for `cacheTtlMs` from when they were asked for, so a revoked key works that much longer at most; a key in use is
 * asked for again before that, so that no request waits. Known and unknown keys have each their own bounded cache: guesses push no
 * customer out. Text that is no key never reaches the store, and look-ups of one key share a call.
 */
export function createAuthenticator(options: {
  keyStore: KeyStore
  /** Of a project in its lanes. */
  weightOf?: (project: string) => Promise<number>
  cacheTtlMs?: number
  now?: () => number
}): Authenticator {
  const { keyStore, weightOf = async () => 1, cacheTtlMs = 1_000, now = Date.now } = options
  const known = new LruMap<string, Cached>(KNOWN_KEYS)
  const unknown = new LruMap<string, Cached>(UNKNOWN_KEYS)
  const asking = new Map<string, Promise<Known | null>>()

  async function ask(key: string, digest: string): Promise<Known | null> {
    const untilMs = now() + cacheTtlMs
    try {
      const found = await keyStore.find(key)
      const record = found && { ...found, weight: await weightOf(found.project) }
      const cache = record ? known : unknown
      cache.set(digest, { record, untilMs })
      return record
    } catch (cause) {
      throw new BrokerError('service_unavailable', 'API keys cannot be checked at the moment.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause,
      })
    }
  }

  function askShared(key: string, digest: string): Promise<Known | null> {
    const shared = asking.get(digest)
    if (shared) return shared
    const asked = ask(key, digest).finally(() => asking.delete(digest))
    asking.set(digest, asked)
    return asked
  }

  async function look(key: string): Promise<Known | null> {
    const digest = digestOf(key)
    const cached = known.get(digest) ?? unknown.get(digest)
    // A clock that is set back keeps no answer alive.
    const leftMs = cached ? cached.untilMs - now() : 0
    if (cached && leftMs > 0 && leftMs <= cacheTtlMs) {
      // What goes wrong here is told to whoever asks when the answer has lapsed.
      if (cached.record && leftMs <= cacheTtlMs / 2) askShared(key, digest).catch(() => {})
      return cached.record
    }
    known.delete(digest)
    unknown.delete(digest)
    return askShared(key, digest)
  }

  return {
    async authenticate(authorization) {
      const key = keyFrom(authorization)
      const record = parseApiKey(key).ok ? await look(key) : null
      if (!record) throw invalid()
      if (record.revokedAtMs !== null)
        throw new BrokerError('key_revoked', `The API key ${record.prefix}… was revoked.`)
      if (record.expiresAtMs !== null && record.expiresAtMs <= now()) {
        throw new BrokerError('key_expired', `The API key ${record.prefix}… has expired.`)
      }
      return { project: record.project, weight: record.weight, apiKey: record.id, scopes: record.scopes }
    },
  }
}

function keyFrom(authorization: string | readonly string[] | undefined): string {
  const headers = typeof authorization === 'string' ? [authorization] : (authorization ?? [])
  const [header = ''] = headers
  if (headers.length > 1 || header.length > LONGEST_HEADER) throw invalid()
  if (header.trim() === '' || /^bearer\s*$/i.test(header)) {
    throw new BrokerError('missing_api_key', 'Send your API key as "Authorization: Bearer sk-sy-…".')
  }
  const key = /^bearer +(\S+)$/i.exec(header)?.[1]
  if (key === undefined) throw invalid()
  return key
}

function invalid(): BrokerError {
  return new BrokerError('invalid_api_key', 'Incorrect API key provided.')
}
