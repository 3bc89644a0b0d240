import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['@switchyard/redis/testing/start-servers'],
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 40_000,
  },
})
