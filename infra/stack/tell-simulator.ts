import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Keeps the simulator's address in `<data>/simulator-url`, for whoever wants to steer it (the demo); no file where it does not run. */
export async function tellSimulator(dataDir: string, port: number | null): Promise<void> {
  const file = join(dataDir, 'simulator-url')
  if (port === null) await rm(file, { force: true })
  else await writeFile(file, `http://127.0.0.1:${port}\n`)
}
