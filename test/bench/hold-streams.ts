import { Pool } from 'undici'
import { exchange } from './exchange.ts'
import type { Held, Hold } from './load.ts'

/** Streams that wait for their first chunk at a time. */
const OPENING = 64
const FIRST_CHUNK_WITHIN_MS = 30_000

export interface OpenStreams {
  held: Held
  /** Drops every connection. Safe twice. */
  release(): Promise<void>
}

/** Opens streams and resolves when each has delivered its first chunk; one that ends by itself while held is a failure. */
export async function holdStreams({ target, model, streams }: Hold): Promise<OpenStreams> {
  const pool = new Pool(target.origin, { connections: streams, pipelining: 1, headersTimeout: FIRST_CHUNK_WITHIN_MS })
  const held: Held = { failed: 0, failures: [] }
  let isReleased = false
  let begun = 0

  function fail(reason: string): void {
    held.failed++
    if (held.failures.length < 5) held.failures.push(reason)
  }

  async function openAll(): Promise<void> {
    while (begun < streams) {
      begun++
      await new Promise<void>((opened) => {
        void exchange(pool, target, 'stream', model, opened).then(({ failure }) => {
          if (!isReleased) fail(`a held stream ended: ${failure ?? 'complete'}`)
          opened()
        })
      })
    }
  }

  await Promise.all(Array.from({ length: OPENING }, openAll))
  return {
    held,
    async release() {
      isReleased = true
      await pool.destroy()
    },
  }
}
