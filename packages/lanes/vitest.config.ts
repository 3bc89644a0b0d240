import { defineConfig } from 'vitest/config'

// Some tests keep Redis away for a while, or wait for a crashed consumer's locks to run out.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } })
