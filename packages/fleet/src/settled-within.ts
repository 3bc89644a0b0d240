import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits for a promise, but no longer than `ms`: what a stop asks of Redis is a courtesy, everything here lapses by itself.
 * False when it was too late; rejects as the promise does.
 */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return Promise.race([promise.then(() => true), sleep(ms, false, { ref: false })])
}
