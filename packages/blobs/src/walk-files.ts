import type { Dirent } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What a write that is under way, or that died, is called. */
export const DRAFT = /^[A-Za-z0-9_/-]+\.[0-9a-f]{12}\.tmp$/

/** Files below a directory, named by their path within `root`, with the time of their last write. What goes meanwhile is left out. */
export async function* walkFiles(root: string, below: string): AsyncIterable<{ name: string; modifiedAtMs: number }> {
  for await (const entry of entriesOf(join(root, below))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) yield* walkFiles(root, name)
    else if (entry.isFile()) {
      const found = await stat(join(root, name)).catch(() => null)
      if (found) yield { name, modifiedAtMs: found.mtimeMs }
    }
  }
}

async function* entriesOf(path: string): AsyncIterable<Dirent> {
  const directory = await opendir(path).catch(() => null)
  if (directory) yield* directory
}
