import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startStack } from './stack.ts'
import { writeTestCatalog } from './test-catalog.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: { url: string; controlUrl: string; key: string; simulatorUrl: string }
  }
}

/** One stack for all suites that do not break it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-catalog-'))
  const stack = await startStack({ SWITCHYARD_CATALOG: await writeTestCatalog(directory) })
  const { url, controlUrl, key, simulator } = stack
  project.provide('stack', { url, controlUrl, key, simulatorUrl: simulator.url })
  return async () => {
    await stack.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
