import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultSecret, rotateDefaultSecret } from './default-secret.ts'
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from './endpoints.ts'
import { projectKeys } from './keys.ts'
import { defaultOwner, deriveSecret, secretsNow } from './secrets.ts'
import { openProject, type ProjectBundle } from './testing/project-bundle.ts'
import { SERVERS } from './testing/servers.ts'

const FIELDS = { name: 'mine', url: 'https://example.com/hook', types: ['job.completed' as const] }

describe.each(SERVERS)('endpoints on %s', (_name, url) => {
  let bundle: ProjectBundle
  beforeEach(async () => {
    bundle = await openProject(url)
  })
  afterEach(() => bundle.close())

  it('are made, read, changed and deleted', async () => {
    const { on, project } = bundle
    const { signing_secret, ...made } = await createEndpoint(on, project, FIELDS)
    expect(made).toMatchObject({
      object: 'webhook_endpoint',
      name: 'mine',
      url: 'https://example.com/hook',
      event_types: ['job.completed'],
      status: 'enabled',
    })
    expect(made.id).toMatch(/^whe_[0-9A-Z]{26}$/)
    expect(signing_secret).toBe(deriveSecret(on.masterSecret, made.id, 1))
    expect(made.signing_secret_hint).not.toContain(signing_secret.slice(6, 30))
    expect(await getEndpoint(on, project, made.id)).toEqual(made)
    expect(await updateEndpoint(on, project, made.id, { name: 'yours', types: ['batch.failed'] })).toMatchObject({
      name: 'yours',
      url: FIELDS.url,
      event_types: ['batch.failed'],
    })
    expect(await deleteEndpoint(on, project, made.id)).toBe(true)
    expect(await deleteEndpoint(on, project, made.id)).toBe(false)
    for (const gone of [
      await getEndpoint(on, project, made.id),
      await updateEndpoint(on, project, made.id, {}),
      await rotateSecret(on, project, made.id, { keepOld: true }),
      await getEndpoint(on, project, 'whe_*'),
    ]) {
      expect(gone).toBeNull()
    }
  })

  it('are listed newest first, in pages, and stop at fifty', async () => {
    const { on, project } = bundle
    const ids: string[] = []
    for (let i = 0; i < 50; i++) ids.push((await createEndpoint(on, project, { ...FIELDS, name: `${i}` })).id)
    await expect(createEndpoint(on, project, FIELDS)).rejects.toMatchObject({ code: 'insufficient_quota' })
    const newest = ids.toSorted().reverse()
    const first = await listEndpoints(on, project, { limit: 30 })
    const second = await listEndpoints(on, project, { limit: 30, after: first.data.at(-1)!.id })
    expect([first.hasMore, second.hasMore]).toEqual([true, false])
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(newest)
    await expect(listEndpoints(on, project, { limit: 1, after: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' })
  })

  it('loses no change of writers at the same moment', async () => {
    const { on, project } = bundle
    const { id } = await createEndpoint(on, project, FIELDS)
    await Promise.all([
      updateEndpoint(on, project, id, { name: 'renamed' }),
      updateEndpoint(on, project, id, { url: 'https://example.com/other' }),
      rotateSecret(on, project, id, { keepOld: true }),
      rotateSecret(on, project, id, { keepOld: true }),
    ])
    expect(await getEndpoint(on, project, id)).toMatchObject({ name: 'renamed', url: 'https://example.com/other' })
    const next = await rotateSecret(on, project, id, { keepOld: true })
    expect(next!.signing_secret).toBe(deriveSecret(on.masterSecret, id, 4))
  })

  it('hand out the old secret beside the new one for a day, unless told not to', async () => {
    const { on, project, take, end, endpoint, finish } = bundle
    const id = await endpoint(['job.completed'])
    const secrets = async () => {
      await end()
      const [attempt] = (await take()).tries
      await finish(attempt!)
      return secretsNow(on.masterSecret, attempt!.secretOwner, attempt!.secret, Date.now())
    }
    expect(await secrets()).toEqual([deriveSecret(on.masterSecret, id, 1)])
    await rotateSecret(on, project, id, { keepOld: true })
    expect(await secrets()).toEqual([2, 1].map((version) => deriveSecret(on.masterSecret, id, version)))
    await rotateSecret(on, project, id, { keepOld: false })
    expect(await secrets()).toEqual([deriveSecret(on.masterSecret, id, 3)])
  })

  it('have a default secret beside them, for URLs that jobs bring', async () => {
    const { on, project, take, end } = bundle
    const first = await defaultSecret(on, project)
    expect(first.secret).toBe(deriveSecret(on.masterSecret, defaultOwner(project), 1))
    const second = await rotateDefaultSecret(on, project, { keepOld: true })
    await end({ webhook: { url: 'https://example.com/own', events: null } })
    const [attempt] = (await take()).tries
    expect(secretsNow(on.masterSecret, attempt!.secretOwner, attempt!.secret, Date.now())).toEqual([
      second.secret,
      first.secret,
    ])
  })

  it('leave no secret in Redis', async () => {
    const { on, project, redis } = bundle
    const { id, signing_secret } = await createEndpoint(on, project, FIELDS)
    await rotateSecret(on, project, id, { keepOld: true })
    const kept = JSON.stringify(await redis.hgetall(projectKeys(project).endpoints))
    expect(kept).toContain(id)
    for (const secret of [signing_secret, on.masterSecret]) expect(kept).not.toContain(secret.slice(0, 20))
    expect(kept).not.toContain('whsec_')
  })
})
