import { createParser } from 'eventsource-parser'

export interface SseEvent {
  /** The `event:` field, where there is one. */
  name: string | undefined
  data: string
}

/** What a stream can do wrong below its dialect. */
export type SseFault = 'invalid_utf8' | 'event_too_large'

export interface SseDecoder {
  /** The events that this piece completes, in order; a fault ends the stream for good. */
  push(bytes: Uint8Array): SseEvent[]
  readonly fault: SseFault | null
}

/**
 * Server-sent events from bytes, cut anywhere (https://html.spec.whatwg.org/multipage/server-sent-events.html). UTF-8 is
 * strict: a replaced character would be an answer that nobody gave. An event without its blank line is not an event. Data is
 * one line: every dialect here sends JSON, where a line end between two `data:` fields is only white space.
 */
export function createSseDecoder(maxEventBytes: number): SseDecoder {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let events: SseEvent[] = []
  let fault: SseFault | null = null
  const parser = createParser({
    maxBufferSize: maxEventBytes,
    onEvent: ({ event, data }) => {
      events.push({ name: event, data: data.includes('\n') ? data.replaceAll('\n', ' ') : data })
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') fault = 'event_too_large'
    },
  })
  return {
    push(bytes) {
      if (fault !== null) return []
      events = []
      try {
        parser.feed(text.decode(bytes, { stream: true }))
      } catch {
        fault ??= 'invalid_utf8'
      }
      return events
    },
    get fault() {
      return fault
    },
  }
}
