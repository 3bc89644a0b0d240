import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { newApiKey } from './api-key.ts'
import { createAuthenticator } from './authenticate.ts'
import { ensureDevelopmentProject } from './bootstrap.ts'
import { type ApiKeyRecord, createKeyStore, digestOf } from './key-store.ts'
import { apiKeyKey, bootstrapKey, projectKey } from './keys.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const generated = newApiKey()
const mistyped = generated.slice(0, -1) + (generated.endsWith('a') ? 'b' : 'a')

onEachRedis((redis) => {
  const record = (change: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
    id: 'key_1',
    project: 'proj_1',
    scopes: ['jobs'],
    name: 'test',
    createdAtMs: 1,
    expiresAtMs: null,
    revokedAtMs: null,
    prefix: 'sk-sy-abcd',
    ...change,
  })

  describe('key store', () => {
    it('finds what was put, and nothing else', async () => {
      const store = createKeyStore({ redis: redis() })
      const [key, other] = [newApiKey(), newApiKey()]
      await store.put(key, record({ expiresAtMs: 9 }))
      expect(await store.find(key)).toEqual(record({ expiresAtMs: 9 }))
      expect(await store.find(other)).toBeNull()
    })

    it('revokes once, and only keys that exist', async () => {
      const store = createKeyStore({ redis: redis() })
      const key = newApiKey()
      expect(await store.revoke(digestOf(key), 5)).toBe(false)
      expect(await store.find(key)).toBeNull()
      await store.put(key, record())
      expect(await store.revoke(digestOf(key), 5)).toBe(true)
      expect(await store.revoke(digestOf(key), 6)).toBe(true)
      expect((await store.find(key))?.revokedAtMs).toBe(5)
      await store.put(key, record())
      expect((await store.find(key))?.revokedAtMs).toBeNull()
      await store.put(key, record({ revokedAtMs: 7 }))
      expect((await store.find(key))?.revokedAtMs).toBe(7)
    })

    it('keeps no key in Redis, only its digest', async () => {
      const key = newApiKey()
      await createKeyStore({ redis: redis() }).put(key, record({ prefix: key.slice(0, 10) }))
      const name = apiKeyKey(digestOf(key))
      expect(name).toMatch(/^sy:\{key:[0-9a-f]{64}\}$/)
      const kept = JSON.stringify([name, await redis().hgetall(name)])
      expect(kept).not.toContain(key.slice(0, 11))
      expect(kept).not.toContain(key.slice(-20))
    })

    it('takes no broken record for a key', async () => {
      const store = createKeyStore({ redis: redis() })
      const key = newApiKey()
      for (const text of ['{', '{}', JSON.stringify({ ...record(), scopes: 'all' })]) {
        await redis().hset(apiKeyKey(digestOf(key)), 'record', text)
        await expect(store.find(key)).rejects.toThrow()
        const authenticator = createAuthenticator({ keyStore: store })
        await expect(authenticator.authenticate(`Bearer ${key}`)).rejects.toMatchObject({ code: 'service_unavailable' })
      }
    })
  })

  describe('the development project', () => {
    let project: string
    beforeEach(() => {
      project = `proj_${randomUUID()}`
    })
    const principalOf = (key: string) =>
      createAuthenticator({ keyStore: createKeyStore({ redis: redis() }) }).authenticate(`Bearer ${key}`)

    it('is opened by the first key with all rights, at every start the same', async () => {
      const key = 'sk-sy-a-key-of-my-own-choice'
      const own = `${key}-${randomUUID()}`
      await ensureDevelopmentProject(redis(), own, project)
      const principal = await principalOf(own)
      expect(principal).toMatchObject({ project, scopes: ['*'] })
      const created = await redis().hgetall(projectKey(project))
      await Promise.all([1, 2, 3].map(() => ensureDevelopmentProject(redis(), own, project)))
      expect(await principalOf(own)).toEqual(principal)
      expect(await redis().hgetall(projectKey(project))).toEqual(created)
    })

    it('is closed to a key that was replaced, and open to it when it comes back', async () => {
      const [first, second] = [newApiKey(), newApiKey()]
      await ensureDevelopmentProject(redis(), first, project)
      await ensureDevelopmentProject(redis(), second, project)
      expect(await principalOf(second)).toMatchObject({ project })
      await expect(principalOf(first)).rejects.toMatchObject({ code: 'key_revoked' })
      await ensureDevelopmentProject(redis(), first, project)
      expect(await principalOf(first)).toMatchObject({ project })
      await expect(principalOf(second)).rejects.toMatchObject({ code: 'key_revoked' })
    })

    it('revokes the old key although a start before was cut short', async () => {
      const [first, second] = [newApiKey(), newApiKey()]
      await ensureDevelopmentProject(redis(), first, project)
      // Everything was done but moving the pointer.
      await ensureDevelopmentProject(redis(), second, project)
      await redis().set(bootstrapKey(project), digestOf(first))
      await ensureDevelopmentProject(redis(), second, project)
      await expect(principalOf(first)).rejects.toMatchObject({ code: 'key_revoked' })
      expect(await principalOf(second)).toMatchObject({ project })
    })

    it.each(['sk-sy-short', '', mistyped, `sk-${'a'.repeat(40)}`])('refuses %j', async (key) => {
      await expect(ensureDevelopmentProject(redis(), key, project)).rejects.toMatchObject({
        code: 'invalid_value',
        param: 'SWITCHYARD_API_KEY',
      })
      expect(await redis().exists(projectKey(project))).toBe(0)
    })
  })
})
