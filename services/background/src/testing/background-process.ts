import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PATIENCE_MS = 5_000
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** The composed process, as the supervisor starts it. */
export interface BackgroundProcess {
  child: ChildProcess
  dataDir: string
  /** Everything that it logged. */
  log(): string
  /** Exit code or signal, once it has ended. */
  exited: Promise<number | string | null>
  /** Ends it, so that it leaves its roles to the next at once, and removes its files. */
  remove(): Promise<void>
}

/** Resolves when it is ready, or has ended before. */
export async function startBackgroundProcess(
  redisUrl: string,
  catalog: string,
  env: NodeJS.ProcessEnv = {},
): Promise<BackgroundProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'background-test-'))
  const catalogFile = join(dataDir, 'catalog.yaml')
  await writeFile(catalogFile, catalog)
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      SWITCHYARD_DATA_DIR: dataDir,
      SWITCHYARD_CATALOG: catalogFile,
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let log = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (log += data))
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string | null)
  await Promise.race([once(child, 'message'), exited])
  return {
    child,
    dataDir,
    log: () => log,
    exited,
    async remove() {
      child.kill('SIGTERM')
      const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      await exited
      clearTimeout(patience)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
