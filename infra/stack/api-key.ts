import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SettingsError } from './stack-settings.ts'

const KEPT = /^sk-sy-[A-Za-z0-9_-]{43}$/

/**
 * The stack's first key: the given one, else the one kept in `<data>/api-key`, made on the first start (256 random bits,
 * readable by its owner only). Throws `SettingsError` where the file holds something else: it is never overwritten.
 */
export async function keepApiKey(dataDir: string, given: string | null): Promise<string> {
  if (given !== null) return given
  const file = join(dataDir, 'api-key')
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) {
    if (KEPT.test(kept.trim())) return kept.trim()
    throw new SettingsError(`${file} holds no key. Remove it to have a new one made, or set SWITCHYARD_API_KEY.`)
  }
  const key = `sk-sy-${randomBytes(32).toString('base64url')}`
  await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' })
  return key
}
