import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Catalog } from '@switchyard/catalog/catalog'
import { formatProblems, parseCatalog } from '@switchyard/catalog/parse-catalog'

/** Reads the catalog; an invalid one is an error whose message names file, path and reason of every problem. */
export async function loadCatalog(file: string, env: NodeJS.ProcessEnv): Promise<Catalog> {
  const parsed = parseCatalog(await readFile(file, 'utf8'), { file, env })
  if ('problems' in parsed) throw new Error(`the catalog is not valid:\n${formatProblems(parsed.problems)}`)
  return parsed.catalog
}

const SETTLE_MS = 100

/** Calls back with every valid new version of the file. An invalid edit is refused: the old one stays. */
export function watchCatalog(
  file: string,
  env: NodeJS.ProcessEnv,
  handlers: { onCatalog: (catalog: Catalog) => void; onRefused: (error: unknown) => void },
): { stop(): void } {
  let revision = ''
  let timer: NodeJS.Timeout | undefined
  // The directory, because editors replace the file.
  const watcher = watch(dirname(file), (_event, name) => {
    if (name !== null && name !== basename(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      loadCatalog(file, env).then((catalog) => {
        if (catalog.revision === revision) return
        revision = catalog.revision
        handlers.onCatalog(catalog)
      }, handlers.onRefused)
    }, SETTLE_MS)
  })
  return {
    stop() {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
