import type { ResponseEvent } from '@switchyard/contract/openai-responses/encode-events'
import { eventData } from '@switchyard/contract/openai-responses/event-data'
import type { ResponseObject } from '@switchyard/contract/openai-responses/response-object'
import { type Fields, isFields } from './read-response.ts'

/** The stream that a whole response would have been, its last event apart. For deployments that cannot stream. */
export function replayResponse(
  response: ResponseObject,
  firstSequence: number,
): { events: ResponseEvent[]; terminal: string } {
  const events: ResponseEvent[] = []
  let sequence = firstSequence
  const emit = (type: string, fields: object, content = false) => {
    events.push({ data: eventData(type, sequence++, fields), content })
  }
  const begun = {
    ...response,
    status: 'in_progress',
    output: [],
    usage: null,
    completed_at: null,
    incomplete_details: null,
  }
  emit('response.created', { response: begun })
  emit('response.in_progress', { response: begun })
  for (const [output_index, item] of response.output.entries()) {
    if (!isFields(item)) continue
    const place = { item_id: item.id, output_index }
    const isCall = item.type === 'function_call'
    const parts = item.type === 'message' && Array.isArray(item.content) ? item.content.filter(isFields) : []
    emit('response.output_item.added', { output_index, item: emptied(item) }, item.type !== 'message')
    for (const [content_index, part] of parts.entries()) replayPart(part, { ...place, content_index }, emit)
    if (isCall) {
      emit('response.function_call_arguments.delta', { ...place, delta: item.arguments }, true)
      emit('response.function_call_arguments.done', { ...place, name: item.name, arguments: item.arguments })
    }
    emit('response.output_item.done', { output_index, item })
  }
  return { events, terminal: eventData(`response.${response.status}`, sequence, { response }) }
}

function replayPart(
  part: Fields,
  place: object,
  emit: (type: string, fields: object, content?: boolean) => void,
): void {
  if (part.type === 'refusal') {
    emit('response.content_part.added', { ...place, part: { ...part, refusal: '' } })
    emit('response.refusal.delta', { ...place, delta: part.refusal }, true)
    emit('response.refusal.done', { ...place, refusal: part.refusal })
  } else {
    emit('response.content_part.added', { ...place, part: { ...part, text: '', annotations: [], logprobs: [] } })
    emit('response.output_text.delta', { ...place, delta: part.text, logprobs: part.logprobs ?? [] }, true)
    emit('response.output_text.done', { ...place, text: part.text, logprobs: part.logprobs ?? [] })
  }
  emit('response.content_part.done', { ...place, part })
}

function emptied(item: Fields): Fields {
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] }
  return item.type === 'function_call' ? { ...item, status: 'in_progress', arguments: '' } : item
}
