import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { processCommand } from './process-command.ts'
import { SettingsError } from './stack-settings.ts'

/** How a stack's process is told from another that got its pid later. */
const COMMAND = 'infra/'

export interface StackLock {
  /** An earlier stack was killed before it could stop: its services may still be draining. */
  stale: boolean
  release(): Promise<void>
}

/** One stack per data directory: `<data>/stack.pid`. Throws `SettingsError` where another one lives; a dead one's is taken over. */
export async function lockDataDir(dataDir: string): Promise<StackLock> {
  const file = join(dataDir, 'stack.pid')
  const take = () => writeFile(file, String(process.pid), { flag: 'wx' })
  let stale = false
  try {
    await take()
  } catch {
    const pid = Number(await readFile(file, 'utf8').catch(() => ''))
    // In a container's next life the old pid may be our own.
    if (pid !== process.pid && (await processCommand(pid))?.includes(COMMAND)) {
      throw new SettingsError(
        `${dataDir} is in use by another stack (process ${pid}). Stop it, or give this one its own PORT and SWITCHYARD_DATA_DIR.`,
      )
    }
    stale = true
    await rm(file, { force: true })
    await take()
  }
  return { stale, release: () => rm(file, { force: true }) }
}
