import { setTimeout as delay } from 'node:timers/promises'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type OpenAI from 'openai'
import { type Batch, hasEnded } from './batch-object.ts'

const LOOK_MS = 1_000
const RECONNECT_MS = 500
/** Five minutes of nobody answering: a server that restarts is back long before. */
const MOST_RECONNECTS = 600

export interface Follower {
  /** A row of the batch's output; the next is not read before this is done. */
  onRow(text: string): Promise<void>
  /** The batch as it stands, every second. */
  onBatch(batch: Batch): void
}

/**
 * Gives every row of a batch from the first on, live, and the batch once it has ended. A connection that breaks is taken up again after
 * the last row seen, so none is missed or given twice. Throws what the server says for good (no such batch), or the signal's reason.
 */
export async function followBatch(client: OpenAI, id: string, follower: Follower, signal: AbortSignal): Promise<Batch> {
  const rows = new AbortController()
  const looking = look(client, id, follower, AbortSignal.any([signal, rows.signal]))
  let after = 0
  try {
    for (let reconnects = 0; ; reconnects++) {
      try {
        const response = await client
          .get(`/batches/${id}/output?after=${after}`, {
            headers: { accept: 'text/event-stream' },
            signal,
            maxRetries: 0,
          })
          .asResponse()
        for await (const event of events(response)) {
          if (event.event !== undefined) continue
          await follower.onRow(event.data)
          after = Number(event.id)
          reconnects = 0
        }
        const batch = (await client.batches.retrieve(id, { signal })) as Batch
        if (hasEnded(batch)) return batch
      } catch (error) {
        signal.throwIfAborted()
        if (isFinal(error) || reconnects >= MOST_RECONNECTS) throw error
      }
      await delay(RECONNECT_MS, undefined, { signal })
    }
  } finally {
    rows.abort()
    await looking
  }
}

async function look(client: OpenAI, id: string, follower: Follower, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      const batch = await client.batches.retrieve(id, { signal, maxRetries: 0 }).catch(() => null)
      if (batch !== null && !signal.aborted) follower.onBatch(batch as Batch)
      await delay(LOOK_MS, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** 204 has no body: the rows ended where we stand. */
async function* events(response: Response) {
  if (response.body === null) return
  yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
}

/** Our own failure to write a row, or the server's word; what has no status is a connection that failed. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  if ('status' in error && typeof error.status === 'number') return error.status < 500 && error.status !== 429
  return 'syscall' in error && 'path' in error
}
