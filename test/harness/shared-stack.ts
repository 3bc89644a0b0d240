import type { TestProject } from 'vitest/node'
import { startStack } from './stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: { url: string; key: string; simulatorUrl: string }
  }
}

/** One stack for all suites that do not break it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack()
  project.provide('stack', { url: stack.url, key: stack.key, simulatorUrl: stack.simulator.url })
  return async () => {
    await stack.stop()
  }
}
