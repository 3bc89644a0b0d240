import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Catalog } from './catalog.ts'
import { formatProblems, parseCatalog } from './parse-catalog.ts'

const DEBOUNCE_MS = 100

export interface CatalogWatch {
  current(): Catalog
  /** When the current one was read, epoch ms. */
  loadedAtMs(): number
  stop(): void
}

/**
 * Reads the catalog and keeps it as the file is edited; the one file of this package that does I/O. An edit that is not valid is
 * refused as a whole, logged with every problem's place, and the catalog before it stays. The first reading must succeed: throws
 * what is wrong with the file.
 */
export async function watchCatalog(options: {
  file: string
  env: Record<string, string | undefined>
  logger: Logger
  onChange?: (catalog: Catalog) => void
}): Promise<CatalogWatch> {
  const { file, env, logger, onChange } = options
  const path = resolve(file)
  const first = await read()
  if ('problems' in first) throw new Error(`The catalog is not valid:\n${first.problems}`)
  let current = first.catalog
  let loadedAtMs = Date.now()
  let timer: NodeJS.Timeout | undefined

  async function read(): Promise<{ catalog: Catalog } | { problems: string }> {
    const parsed = parseCatalog(await readFile(path, 'utf8'), { file, env })
    return 'catalog' in parsed ? parsed : { problems: formatProblems(parsed.problems) }
  }

  async function reload(): Promise<void> {
    try {
      const next = await read()
      if ('problems' in next) {
        logger.error({ problems: next.problems }, 'the edited catalog is refused, the one before stays')
      } else if (next.catalog.revision !== current.revision) {
        current = next.catalog
        loadedAtMs = Date.now()
        logger.info({ revision: current.revision }, 'catalog reloaded')
        onChange?.(current)
      }
    } catch (err) {
      logger.error({ err }, 'the catalog can not be read, the one before stays')
    }
  }

  // The directory, not the file: editors write a new file and rename it into place.
  const watcher: FSWatcher = watch(dirname(path), { persistent: false }, (_event, name) => {
    if (name !== null && name !== basename(path)) return
    clearTimeout(timer)
    timer = setTimeout(() => void reload(), DEBOUNCE_MS)
  })
  watcher.on('error', (err) => logger.error({ err }, 'the catalog is not watched any more'))

  return {
    current: () => current,
    loadedAtMs: () => loadedAtMs,
    stop() {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
