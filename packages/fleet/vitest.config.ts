import { defineConfig } from 'vitest/config'

// Some tests wait for a lease to run out.
export default defineConfig({ test: { testTimeout: 30_000 } })
