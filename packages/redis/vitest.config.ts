import { defineConfig } from 'vitest/config'

// Most of the time is spent in waiting for servers that are away, so the files need not wait for each other too.
export default defineConfig({ test: { testTimeout: 20_000, hookTimeout: 40_000, maxWorkers: 4 } })
