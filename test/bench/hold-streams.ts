import { type Connection, openConnection } from './connection.ts'
import { exchange } from './exchange.ts'
import type { Held, Hold } from './load.ts'

/** Streams that wait for their first chunk at a time. */
const OPENING = 64

export interface OpenStreams {
  held: Held
  /** Drops every connection. Safe twice. */
  release(): void
}

/** Opens streams and resolves when each has delivered its first chunk; one that ends by itself while held is a failure. */
export async function holdStreams({ target, model, streams }: Hold): Promise<OpenStreams> {
  const connections: Connection[] = []
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
      const connection = openConnection(target.origin)
      connections.push(connection)
      await new Promise<void>((opened) => {
        void exchange(connection, target, 'stream', model, opened).then(({ failure }) => {
          if (!isReleased) fail(`a held stream ended: ${failure ?? 'complete'}`)
          opened()
        })
      })
    }
  }

  await Promise.all(Array.from({ length: OPENING }, openAll))
  return {
    held,
    release() {
      isReleased = true
      for (const connection of connections) connection.close()
    },
  }
}
