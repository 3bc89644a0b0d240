import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * The command line of a living process, undefined where there is none: pids are reused, so a pid from a file means nothing
 * until its command line says who it is.
 */
export async function processCommand(pid: number): Promise<string | undefined> {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  try {
    process.kill(pid, 0)
  } catch {
    return undefined
  }
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => askPs(pid))
  // A zombie has an empty one: it is gone, only its parent has not noticed.
  return command?.replaceAll('\0', ' ').trim() || undefined
}

/** Systems without /proc. */
async function askPs(pid: number): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)])).stdout
  } catch {
    return undefined
  }
}
