import { setTimeout as delay } from 'node:timers/promises'
import type { Hold } from './hold.ts'

const EVERY_MS = 250

/**
 * Does what an answer in hand depends on, again and again while it fails (a Redis that answers with errors, a full disk), for as long
 * as the job may still be ours. Everything done this way is safe to repeat. Rejects with the last error.
 */
export async function keepTrying<T>(hold: Hold, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (hold.isStale) throw error
      await delay(EVERY_MS)
    }
  }
}
