import { randomBytes } from 'node:crypto'
import { mkdir as mkdirPlain, writeFile as writeFilePlain } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/** A directory can go between its making and the first file in it, when its last blob is deleted at that moment; not for ever. */
const TRIES = 5

/** Writes beside the place and renames: readers see the old whole or the new whole. A failure leaves the old. */
export async function writeWhole(
  path: string,
  fsync: boolean,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = await inDirectory(draft, () => open(draft, 'wx'))
  try {
    await writeAndClose(file, fsync, write)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  if (fsync) await syncDirectory(dirname(path))
}

const makeDirectory = promisify(mkdirPlain)
/** The plain API: half of the CPU of a file handle's, which counts where thousands of small files are written. */
const writeFile = promisify(writeFilePlain)

/**
 * Writes in place, for a name that nobody knows yet, mostly the first of its owner: so the directory is made first, and there is no
 * draft to rename.
 */
export async function writeFresh(path: string, data: Buffer | string, fsync: boolean): Promise<void> {
  await makeDirectory(dirname(path)).catch(() => {})
  try {
    await inDirectory(path, () => writeFile(path, data, { flag: 'wx', flush: fsync }))
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  if (fsync) await syncDirectory(dirname(path))
}

/** Makes the directory when there is none, and does it again. */
async function inDirectory<T>(path: string, act: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await act()
    } catch (error) {
      if (!isMissing(error) || tried === TRIES) throw error
      await mkdir(dirname(path), { recursive: true })
    }
  }
}

async function writeAndClose(
  file: FileHandle,
  fsync: boolean,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await write(file)
    if (fsync) await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename survives a power cut once its directory is on the disk. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
