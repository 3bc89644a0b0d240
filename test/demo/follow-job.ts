import type OpenAI from 'openai'
import { events, type SseEvent } from '../harness/api.ts'

const MOST_RECONNECTS = 10
const RECONNECT_MS = 200

/**
 * The events of a job from the one after `after` (-1: all of them), live until the last. A connection that breaks is taken up
 * again with `Last-Event-ID`, so that nothing is missed or seen twice; what ends cleanly has ended with the terminal event.
 *
 * Throws what the client throws (a job that is not there, a server that stays away), or the reason of `signal`.
 */
export async function* followJob(
  client: OpenAI,
  jobId: string,
  { after = -1, signal }: { after?: number; signal: AbortSignal },
): AsyncGenerator<SseEvent> {
  let last = after
  for (let reconnects = 0; ; reconnects++) {
    try {
      const response = await client
        .get(`/jobs/${jobId}/events`, {
          headers: { accept: 'text/event-stream', ...(last < 0 ? {} : { 'last-event-id': String(last) }) },
          signal,
        })
        .asResponse()
      // 204: the log ended where we stand.
      if (response.body === null) return
      for await (const event of events(response)) {
        last = event.id ?? last
        reconnects = 0
        yield event
      }
      return
    } catch (error) {
      signal.throwIfAborted()
      if (isAnswer(error) || reconnects >= MOST_RECONNECTS) throw error
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
    }
  }
}

/** An answer with a status is the server's word; what has none is a connection that failed. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500
}
