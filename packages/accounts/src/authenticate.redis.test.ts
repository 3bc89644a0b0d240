import { BrokerError } from '@switchyard/contract/broker-error'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { beforeEach, describe, expect, it } from 'vitest'
import { newApiKey } from './api-key.ts'
import { type Authenticator, createAuthenticator } from './authenticate.ts'
import { type ApiKeyRecord, createKeyStore, type KeyStore } from './key-store.ts'
import { requireScope } from './principal.ts'
import { readWeight, setWeight } from './project-weight.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const START = 1_790_000_000_000

/** With another last letter of the checksum. */
function typo(key: string): string {
  return key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')
}

onEachRedis((redis) => {
  describe('authenticate', () => {
    let key: string
    let prefix: string
    let store: KeyStore
    /** Which keys the authenticator asked the store for. */
    let asked: string[]
    let nowMs: number
    let authenticator: Authenticator

    const record = (change: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
      id: 'key_1',
      project: 'proj_1',
      scopes: ['jobs'],
      name: 'test',
      createdAtMs: START,
      expiresAtMs: null,
      revokedAtMs: null,
      prefix,
      ...change,
    })
    const authenticate = (authorization?: string | string[]) => authenticator.authenticate(authorization)
    const refusal = async (authorization?: string | string[]): Promise<BrokerError> => {
      const error = await authenticate(authorization).catch((error: unknown) => error)
      if (!BrokerError.is(error)) throw new Error('not refused')
      return error
    }
    function observed(keyStore: KeyStore): KeyStore {
      return {
        ...keyStore,
        find(key) {
          asked.push(key)
          return keyStore.find(key)
        },
      }
    }

    beforeEach(async () => {
      nowMs = START
      asked = []
      key = newApiKey()
      prefix = key.slice(0, 10)
      store = createKeyStore({ redis: redis() })
      await store.put(key, record())
      authenticator = createAuthenticator({
        keyStore: observed(store),
        weightOf: (project) => readWeight(redis(), project),
        now: () => nowMs,
      })
    })

    it('names project, key id and scopes', async () => {
      const principal = { project: 'proj_1', weight: 1, apiKey: 'key_1', scopes: ['jobs'] }
      expect(await authenticate(`Bearer ${key}`)).toEqual(principal)
      expect(await authenticate(`bearer  ${key}`)).toEqual(principal)
    })

    it('brings the weight of the project, a new one once the answer is not kept any more', async () => {
      const project = `proj_${newApiKey().slice(-12)}`
      await store.put(key, record({ project }))
      expect(await authenticate(`Bearer ${key}`)).toMatchObject({ weight: 1 })
      await setWeight(redis(), project, 2.5)
      expect(await authenticate(`Bearer ${key}`)).toMatchObject({ weight: 1 })
      nowMs += 5_001
      expect(await authenticate(`Bearer ${key}`)).toMatchObject({ weight: 2.5 })
      expect(asked).toHaveLength(2)
    })

    it.each([0, -1, 101, Number.NaN])('%d is no weight', async (weight) => {
      await expect(setWeight(redis(), 'proj_1', weight)).rejects.toMatchObject({ code: 'invalid_value' })
    })

    it.each([undefined, '', '   ', 'Bearer', 'Bearer '])('says that a key is missing: %j', async (header) => {
      expect(await refusal(header)).toMatchObject({ code: 'missing_api_key', status: 401 })
    })

    it.each<[string, (key: string) => string | string[]]>([
      ['another scheme', (key) => `Basic ${key}`],
      ['no scheme', (key) => key],
      ['two headers', (key) => [`Bearer ${key}`, `Bearer ${key}`]],
      ['two in one', (key) => `Bearer ${key}, Bearer ${key}`],
      ['an unknown key', () => `Bearer ${newApiKey()}`],
      ['a typo', (key) => `Bearer ${typo(key)}`],
      ['8 kB', () => `Bearer sk-sy-${'a'.repeat(8_000)}`],
      ['quotes', (key) => `Bearer "${key}"`],
      ['NUL', (key) => `Bearer ${key}\0`],
      ['CRLF', (key) => `Bearer ${key}\r\nx: y`],
      ['SQL', () => "Bearer ' OR 1=1 --"],
      ['a glob', () => 'Bearer sk-sy-*'],
    ])('gives the same answer to %s', async (_name, header) => {
      const error = await refusal(header(key))
      expect(error).toMatchObject({ code: 'invalid_api_key', status: 401, param: null })
      expect(error.message).toBe('Incorrect API key provided.')
    })

    it('asks the store for nothing that is no key', async () => {
      for (const header of [
        key,
        'Bearer x',
        `Bearer ${typo(key)}`,
        `Bearer sk-sy-${'a'.repeat(8_000)}`,
        'Bearer sk-sy-*',
      ]) {
        await refusal(header)
      }
      expect(asked).toEqual([])
    })

    it('shows the first ten characters of an expired or revoked key, and no more', async () => {
      await store.put(key, record({ expiresAtMs: START }))
      const expired = await refusal(`Bearer ${key}`)
      expect(expired).toMatchObject({ code: 'key_expired', status: 401 })
      nowMs += 1_000
      await store.put(key, record({ revokedAtMs: START, expiresAtMs: START }))
      const revoked = await refusal(`Bearer ${key}`)
      expect(revoked).toMatchObject({ code: 'key_revoked', status: 401 })
      for (const { message } of [expired, revoked]) {
        expect(message).toContain(prefix)
        expect(message).not.toContain(key.slice(0, 11))
      }
    })

    it('expires a key at its time, cached or not', async () => {
      await store.put(key, record({ expiresAtMs: START + 10 }))
      await authenticate(`Bearer ${key}`)
      nowMs += 10
      expect((await refusal(`Bearer ${key}`)).code).toBe('key_expired')
    })

    it('asks once a second for a known and for an unknown key', async () => {
      const unknown = newApiKey()
      for (let i = 0; i < 3; i++) {
        await authenticate(`Bearer ${key}`)
        await refusal(`Bearer ${unknown}`)
      }
      expect(asked).toEqual([key, unknown])
      nowMs += 1_000
      await store.put(key, record({ revokedAtMs: nowMs }))
      await store.put(unknown, record({ id: 'key_2' }))
      expect((await refusal(`Bearer ${key}`)).code).toBe('key_revoked')
      expect((await authenticate(`Bearer ${unknown}`)).apiKey).toBe('key_2')
    })

    it('asks again for a known key before its answer lapses, and lets nobody wait for that', async () => {
      const unknown = newApiKey()
      await authenticate(`Bearer ${key}`)
      await refusal(`Bearer ${unknown}`)
      await store.put(key, record({ revokedAtMs: nowMs }))
      nowMs += 500
      await refusal(`Bearer ${unknown}`)
      expect((await authenticate(`Bearer ${key}`)).apiKey).toBe('key_1')
      expect(asked).toEqual([key, unknown, key])
      await eventually(async () => expect((await refusal(`Bearer ${key}`)).code).toBe('key_revoked'))
    })

    it('keeps nothing longer when the clock is set back', async () => {
      await authenticate(`Bearer ${key}`)
      nowMs -= 3_600_000
      await store.put(key, record({ revokedAtMs: nowMs }))
      expect((await refusal(`Bearer ${key}`)).code).toBe('key_revoked')
    })

    it('lets everybody who asks at once share one call', async () => {
      await Promise.all(Array.from({ length: 50 }, () => authenticate(`Bearer ${key}`)))
      expect(asked).toEqual([key])
    })

    it('forgets no customer for any number of guesses', async () => {
      await authenticate(`Bearer ${key}`)
      const guesses = Array.from({ length: 10_001 }, (_, i) => `sk-sy-guess-${String(i).padStart(20, '0')}`)
      for (const guess of guesses) await refusal(`Bearer ${guess}`)
      const before = asked.length
      await authenticate(`Bearer ${key}`)
      expect(asked.length).toBe(before)
      // The first guess has made room for the last.
      await refusal(`Bearer ${guesses[0]}`)
      expect(asked.length).toBe(before + 1)
    })

    it('says 503 when Redis is away', async () => {
      const url = process.env.TEST_REDIS_URL!
      const gone = await connectRedis(url, { role: 'producer', name: 'test' })
      await disconnectRedis(gone)
      authenticator = createAuthenticator({ keyStore: createKeyStore({ redis: gone }), now: () => nowMs })
      expect(await refusal(`Bearer ${key}`)).toMatchObject({ code: 'service_unavailable', retryAfterMs: 1_000 })
    })

    it('asks again after a failure', async () => {
      let answer = () => Promise.reject<ApiKeyRecord | null>(new Error('connection lost'))
      authenticator = createAuthenticator({ keyStore: { ...store, find: () => answer() }, now: () => nowMs })
      expect((await refusal(`Bearer ${key}`)).code).toBe('service_unavailable')
      answer = () => store.find(key)
      expect((await authenticate(`Bearer ${key}`)).apiKey).toBe('key_1')
    })
  })
})

describe('scopes', () => {
  const principal = { weight: 1, project: 'p', apiKey: 'k', scopes: ['jobs'] }

  it('let through what the key may do', () => {
    requireScope(principal, 'jobs')
    requireScope({ ...principal, scopes: ['*'] }, 'anything')
  })

  it('refuse the rest', () => {
    expect(() => requireScope(principal, 'admin')).toThrow(
      expect.objectContaining({ code: 'insufficient_scope', status: 403 }),
    )
    expect(() => requireScope({ ...principal, scopes: [] }, 'jobs')).toThrow(BrokerError)
  })
})
