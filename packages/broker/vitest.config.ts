import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['@switchyard/redis/testing/start-servers'],
    // A sweep looks at every job of a server: one file after another.
    fileParallelism: false,
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 40_000,
  },
})
