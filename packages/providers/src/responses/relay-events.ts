import type { AttemptFailure } from '@switchyard/contract/error-class'
import { eventData } from '@switchyard/contract/openai-responses/event-data'
import {
  ownResponse,
  type ResponseHead,
  type ResponseObject,
} from '@switchyard/contract/openai-responses/response-object'
import type { Usage } from '@switchyard/contract/usage'
import type { ChatSink } from '../chat-call.ts'
import type { StreamControl, StreamReader } from '../http/ask-upstream.ts'
import type { SseEvent } from '../http/sse-decoder.ts'
import {
  errorEvent,
  type Fields,
  failedResponse,
  isFields,
  isFinal,
  readResponseUsage,
  showsContent,
} from './read-response.ts'

export interface EventRelay extends StreamReader {
  readonly usage: Usage | null
  /** Data of the last event, once the provider has sent it. */
  readonly terminal: string | null
  readonly response: ResponseObject | null
}

/**
 * Passes a Responses stream on: bytes as they came where their number is that of our log, which it is unless an attempt continues
 * one that was shown; events that carry the response get our ids. States: *open* → *closed* by `response.completed` or
 * `response.incomplete` (complete), `response.failed`, an `error` event or a malformed line.
 */
export function relayEvents(sink: ChatSink, head: ResponseHead, firstSequence: number): EventRelay {
  let sequence = firstSequence
  let usage: Usage | null = null
  let terminal: string | null = null
  let response: ResponseObject | null = null

  return {
    get usage() {
      return usage
    },
    get terminal() {
      return terminal
    },
    get response() {
      return response
    },
    event({ data }: SseEvent, control: StreamControl) {
      if (data === '') return
      const event = parse(data)
      if (event === null) {
        control.fail(
          broken(
            data === '[DONE]' ? 'the stream ended without an answer' : 'the provider sent a line that is not an event',
          ),
        )
        return
      }
      const { type } = event
      if (type === 'error') {
        control.fail(errorEvent(event, control.sawContent))
        return
      }
      if (isFields(event.response)) usage = readResponseUsage(event.response.usage) ?? usage
      if (type === 'response.failed') {
        control.fail(failedResponse(isFields(event.response) ? event.response : {}, control.sawContent))
        return
      }
      const line = renumbered(data, event, head, sequence++)
      if (isFinal(type)) {
        if (!isFields(event.response)) {
          control.fail(broken('the last event has no response'))
          return
        }
        terminal = line
        response = ownResponse(head, event.response)
        control.complete()
        return
      }
      const content = showsContent(event)
      if (content) control.content()
      return sink.data(line, content)
    },
  }
}

function renumbered(data: string, event: Fields, head: ResponseHead, sequence: number): string {
  const { type, sequence_number, ...fields } = event
  if (isFields(fields.response)) {
    return eventData(String(type), sequence, { ...fields, response: ownResponse(head, fields.response) })
  }
  if (sequence_number === sequence && data.startsWith('{"type":"') && !data.includes('\n')) return data
  return eventData(String(type), sequence, fields)
}

function parse(data: string): Fields | null {
  try {
    const event: unknown = JSON.parse(data)
    return isFields(event) && typeof event.type === 'string' ? event : null
  } catch {
    return null
  }
}

function broken(message: string): AttemptFailure {
  return { class: 'broken_stream', message, status: 200 }
}
