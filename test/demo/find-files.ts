import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const DEPENDENCIES = 'node_modules/.pnpm'
/** `.pnpm/<name>@<version>/node_modules/@<scope>/<name>/README.md` */
const DEPENDENCY_LEVELS = 5
const README_OR_LICENCE = /^(readme|licen[sc]e)/i

/** Paths of the README and licence files that the installed dependencies of a checkout bring, sorted. */
export function findDependencyTexts(root: string): Promise<string[]> {
  return walk(join(root, DEPENDENCIES), (name) => README_OR_LICENCE.test(name), DEPENDENCY_LEVELS)
}

/** Paths of all files below a folder, sorted; hidden ones and `node_modules` are passed over. */
export function findFiles(folder: string): Promise<string[]> {
  return walk(folder, (name) => !name.startsWith('.') && name !== 'node_modules', Number.POSITIVE_INFINITY, true)
}

/** Links are not followed: pnpm's would lead in circles. `wanted` chooses files, and with `prune` folders too. */
async function walk(
  folder: string,
  wanted: (name: string) => boolean,
  levels: number,
  prune = false,
): Promise<string[]> {
  const found: string[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isFile() && wanted(entry.name)) found.push(path)
    else if (entry.isDirectory() && levels > 1 && (!prune || wanted(entry.name))) {
      found.push(...(await walk(path, wanted, levels - 1, prune)))
    }
  }
  return found
}
