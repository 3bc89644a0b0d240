import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['@switchyard/redis/testing/start-servers'],
    // Most of the time is spent in waiting, so the files need not wait for each other too.
    maxWorkers: 4,
    testTimeout: 20_000,
    hookTimeout: 40_000,
  },
})
