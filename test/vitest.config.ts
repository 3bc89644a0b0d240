import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'e2e/**/*.test.ts',
      'conformance/**/*.test.ts',
      'chaos/**/*.test.ts',
      'demo/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    globalSetup: ['harness/shared-stack.ts'],
    // Every suite talks to the same stack and its simulator: one after another.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 90_000,
  },
})
