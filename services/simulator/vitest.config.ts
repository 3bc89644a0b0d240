import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Every file starts simulators of its own, so the files can share their workers.
    isolate: false,
    testTimeout: 20_000,
    expect: { poll: { timeout: 5_000, interval: 20 } },
  },
})
