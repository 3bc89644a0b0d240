import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Every suite of a project talks to the same stack and its simulator, or keeps both cores busy with its own: one after another.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 90_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts', 'demo/**/*.test.ts', 'bench/**/*.test.ts'],
          globalSetup: ['harness/shared-stack.ts'],
        },
      },
      // Each with a stack of its own, which it breaks.
      { extends: true, test: { name: 'chaos', include: ['chaos/**/*.test.ts'] } },
    ],
  },
})
