import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['@switchyard/redis/testing/start-servers'],
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 40_000,
  },
})
