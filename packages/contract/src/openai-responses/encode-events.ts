import type { IncompleteReason } from '../job.ts'
import type { Usage } from '../usage.ts'
import { eventData } from './event-data.ts'
import { OutputItems } from './output-items.ts'
import { type ResponseObject, responseUsage } from './response-object.ts'

/** One event of the stream as its data line. `content`: it shows something (text, reasoning, refusal, a call). */
export interface ResponseEvent {
  data: string
  content: boolean
}

export interface EncodedEnd {
  /** What is still open is closed. */
  events: ResponseEvent[]
  /** Data of the last event: `response.completed` or `response.incomplete`. */
  terminal: string
  response: ResponseObject
}

export interface ResponseEncoder {
  /** The events that one data line of an `openai-chat` stream becomes. */
  chunk(data: string): ResponseEvent[]
  /** Once it is certain that the answer is complete. Usage null: nobody knows. Times are epoch milliseconds. */
  end(usage: Usage | null, nowMs: number): EncodedEnd
}

type Fields = Record<string, unknown>

/**
 * Chat chunks as OpenAI's sequence of response events. States: *before* (nothing said) → *open* (created and in progress are
 * said) → *ended*. `frame` is the response as it begins, `firstSequence` the number of its first event in the log, `slug` makes
 * the ids of items unique. Not for more than one choice: Responses has no `n`.
 */
export function encodeEvents(frame: ResponseObject, firstSequence: number, slug: string): ResponseEncoder {
  let sequence = firstSequence
  let pending: ResponseEvent[] = []
  let begun = false
  let finish: string | null = null
  let response = frame
  const emit = (type: string, fields: object, content = false) => {
    pending.push({ data: eventData(type, sequence++, fields), content })
  }
  const items = new OutputItems(slug, emit)

  const begin = (model: unknown) => {
    if (begun) return
    begun = true
    response = { ...frame, status: 'in_progress', ...(typeof model === 'string' && model !== '' ? { model } : {}) }
    emit('response.created', { response })
    emit('response.in_progress', { response })
  }
  const take = () => {
    const events = pending
    pending = []
    return events
  }

  return {
    chunk(data) {
      const chunk: unknown = JSON.parse(data)
      if (!isFields(chunk)) return []
      begin(chunk.model)
      const choice = Array.isArray(chunk.choices) ? chunk.choices.find(isFirst) : undefined
      if (choice === undefined) return take()
      if (isFields(choice.delta)) items.delta(choice.delta, choice.logprobs)
      if (typeof choice.finish_reason === 'string') finish = choice.finish_reason
      return take()
    },
    end(usage, nowMs) {
      begin(null)
      const reason = incompleteReason(finish)
      items.close(reason === null ? 'completed' : 'incomplete')
      response = {
        ...response,
        status: reason === null ? 'completed' : 'incomplete',
        completed_at: reason === null ? Math.floor(nowMs / 1000) : null,
        incomplete_details: reason === null ? null : { reason },
        output: items.output,
        usage: usage === null ? null : responseUsage(usage),
      }
      const events = take()
      return { events, terminal: eventData(`response.${response.status}`, sequence, { response }), response }
    },
  }
}

function incompleteReason(finish: string | null): IncompleteReason | null {
  if (finish === 'length') return 'max_output_tokens'
  return finish === 'content_filter' ? 'content_filter' : null
}

function isFirst(choice: unknown): choice is Fields {
  return isFields(choice) && (choice.index === undefined || choice.index === 0)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
