import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMasterSecret } from './master-secret.ts'
import { deriveSecret, secretHint, secretsNow } from './secrets.ts'
import { signatureHeaders } from './sign.ts'

const MASTER = 'm'.repeat(43)
const BODY = JSON.stringify({
  id: 'evt_1',
  object: 'event',
  type: 'job.completed',
  created_at: 1,
  data: { id: 'job_1' },
})

function sign(secrets: string[], atMs = Date.now()): Record<string, string> {
  return signatureHeaders({ id: 'evt_1', atMs, body: BODY, secrets })
}

describe('signatureHeaders', () => {
  const [old, current] = [deriveSecret(MASTER, 'whe_1', 1), deriveSecret(MASTER, 'whe_1', 2)]

  it.each([
    [
      'standardwebhooks',
      async (secret: string, headers: Record<string, string>) => new Webhook(secret).verify(BODY, headers),
    ],
    [
      'client.webhooks.unwrap',
      (secret: string, headers: Record<string, string>) =>
        new OpenAI({ apiKey: 'none' }).webhooks.unwrap(BODY, headers, secret),
    ],
  ])('is accepted by %s, with either secret during rotation and with no other', async (_name, verify) => {
    const both = sign([current, old])
    expect(await verify(current, both)).toEqual(JSON.parse(BODY))
    expect(await verify(old, both)).toEqual(JSON.parse(BODY))
    await expect(verify(old, sign([current]))).rejects.toThrow()
    await expect(verify(deriveSecret(MASTER, 'whe_2', 1), both)).rejects.toThrow()
    await expect(verify(current, sign([current], Date.now() - 600_000))).rejects.toThrow()
  })

  it('never signs with nothing, or with too little', () => {
    expect(() => sign([])).toThrow()
    expect(() => sign([''])).toThrow()
    expect(() => sign(['whsec_'])).toThrow()
    expect(() => sign([`whsec_${Buffer.alloc(23).toString('base64')}`])).toThrow()
  })
})

describe('deriveSecret', () => {
  it('differs by master, owner and version, and holds 32 bytes', () => {
    const secrets = [
      deriveSecret(MASTER, 'whe_1', 1),
      deriveSecret(MASTER, 'whe_1', 2),
      deriveSecret(MASTER, 'whe_2', 1),
      deriveSecret(`${MASTER}x`, 'whe_1', 1),
    ]
    expect(new Set(secrets).size).toBe(4)
    expect(deriveSecret(MASTER, 'whe_1', 1)).toBe(secrets[0])
    expect(secrets[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(secretHint(secrets[0]!)).toBe(`whsec_…${secrets[0]!.slice(-5, -1)}`)
    expect(() => deriveSecret('short', 'whe_1', 1)).toThrow()
  })

  it('lets the secret before count until its moment', () => {
    const secret = { version: 3, previousUntilMs: 1_000 }
    expect(secretsNow(MASTER, 'whe_1', secret, 999)).toEqual([3, 2].map((each) => deriveSecret(MASTER, 'whe_1', each)))
    expect(secretsNow(MASTER, 'whe_1', secret, 1_000)).toEqual([deriveSecret(MASTER, 'whe_1', 3)])
    expect(secretsNow(MASTER, 'whe_1', { version: 1, previousUntilMs: null }, 0)).toHaveLength(1)
  })
})

describe('openMasterSecret', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'secret-'))
  })
  afterEach(() => rm(dataDir, { recursive: true }))

  it('is made once, for its owner alone, whoever comes first', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => openMasterSecret({ given: undefined, dataDir })))
    expect(new Set(made).size).toBe(1)
    expect(made[0]).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect((await readFile(join(dataDir, 'secret'), 'utf8')).trim()).toBe(made[0])
    expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600)
  })

  it('is the given one where one is given, and never a short one', async () => {
    expect(await openMasterSecret({ given: MASTER, dataDir })).toBe(MASTER)
    await expect(openMasterSecret({ given: 'short', dataDir })).rejects.toMatchObject({ param: 'SWITCHYARD_SECRET' })
    await writeFile(join(dataDir, 'secret'), 'short\n')
    await chmod(join(dataDir, 'secret'), 0o600)
    await expect(openMasterSecret({ given: undefined, dataDir })).rejects.toMatchObject({ code: 'invalid_value' })
    expect(await readFile(join(dataDir, 'secret'), 'utf8')).toBe('short\n')
  })
})
