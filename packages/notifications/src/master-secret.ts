import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BrokerError } from '@switchyard/contract/broker-error'

const SHORTEST = 32

/**
 * The secret that all signing secrets are derived from: `SWITCHYARD_SECRET` where it is given (several machines need the same one), else
 * the file `secret` of the data directory, made on the first start (256 random bits, for its owner alone). Two processes that start at
 * once get the same. Throws `invalid_value` for one that is too short to protect anything; it is never replaced.
 */
export async function openMasterSecret(options: { given: string | undefined; dataDir: string }): Promise<string> {
  const { given, dataDir } = options
  if (given !== undefined) return checked(given, 'SWITCHYARD_SECRET')
  const file = join(dataDir, 'secret')
  const kept = await read(file)
  if (kept !== null) return checked(kept, file)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  // Written aside and linked: whoever reads it reads all of it, and only the first one counts.
  const aside = `${file}-${process.pid}-${randomBytes(6).toString('hex')}`
  await writeFile(aside, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  try {
    await link(aside, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
  return checked((await read(file)) ?? '', file)
}

async function read(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function checked(secret: string, place: string): string {
  if (secret.length >= SHORTEST) return secret
  throw new BrokerError('invalid_value', `${place} must hold at least ${SHORTEST} characters.`, { param: place })
}
