import { vi } from 'vitest'

/** Waits until the check no longer throws, and gives what it gave; after `timeoutMs` its last complaint is the test's. */
export function eventually<T>(check: () => T | Promise<T>, timeoutMs = 5_000): Promise<T> {
  return vi.waitFor(check, { timeout: timeoutMs, interval: 10 })
}
