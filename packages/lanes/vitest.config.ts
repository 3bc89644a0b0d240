import { defineConfig } from 'vitest/config'

// Some tests keep Redis away for a while, or wait for a crashed consumer's locks to run out.
// They mostly wait, so some files can do it beside each other.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 3 } })
