import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for a condition; fails with what was waited for. Resolves with how many ms it took. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<number> {
  const begin = performance.now()
  while (!(await condition())) {
    if (performance.now() - begin > timeoutMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await sleep(5)
  }
  return performance.now() - begin
}
