import { glob, readdir, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { UsageError } from '../usage-error.ts'

export interface Input {
  path: string
  /** Relative to the folder where one folder was given, else to the working directory; with `/` everywhere. */
  name: string
  /** Neither file nor folder: a link, a socket. */
  special: boolean
}

type Found = Pick<Input, 'path' | 'special'>

const GLOB = /[*?[\]{}]/

/**
 * The files that paths, folders and globs mean: each once, sorted by name. Folders with all below them; hidden files and `node_modules`
 * are passed over, and links are not followed. Throws a `UsageError` for what leads nowhere.
 */
export async function findInputs(given: string[], directory: string): Promise<Input[]> {
  const found = new Map<string, Found>()
  const folders: string[] = []
  for (const argument of given) {
    const path = resolve(directory, argument)
    const entry = await stat(path).catch(() => null)
    if (entry?.isDirectory()) folders.push(path)
    const files =
      entry === null
        ? await globbed(argument, directory)
        : entry.isDirectory()
          ? await walk(path)
          : [{ path, special: !entry.isFile() }]
    if (files.length === 0)
      throw new UsageError(entry === null ? `there is no ${argument}` : `${argument} has no files`)
    for (const file of files) found.set(file.path, file)
  }
  const base = given.length === 1 && folders[0] !== undefined ? folders[0] : directory
  return [...found.values()]
    .map((file) => ({ ...file, name: relative(base, file.path).replaceAll('\\', '/') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function globbed(pattern: string, directory: string): Promise<Found[]> {
  if (!GLOB.test(pattern)) return []
  const found: Found[] = []
  for await (const entry of glob(pattern, {
    cwd: directory,
    withFileTypes: true,
    exclude: ({ name }) => !isWanted(name),
  })) {
    if (!entry.isDirectory()) found.push({ path: join(entry.parentPath, entry.name), special: !entry.isFile() })
  }
  return found
}

async function walk(folder: string): Promise<Found[]> {
  const found: Found[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!isWanted(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await walk(path)))
    else found.push({ path, special: !entry.isFile() })
  }
  return found
}

/** `.` and `..` are ways, not hidden things. */
function isWanted(name: string): boolean {
  return name !== 'node_modules' && (!name.startsWith('.') || /^\.{1,2}$/.test(name))
}
