import type { Answer, AnswerPart } from '../answer/answer.ts'
import { splitPart } from '../answer/split-pieces.ts'
import type { StreamScript } from '../dialect.ts'
import type { ResponsesRequest } from './responses-request.ts'

/** https://platform.openai.com/docs/api-reference/responses/object */
export function encodeResponse(request: ResponsesRequest, answer: Answer, callId: string): string {
  return JSON.stringify(endedResponse(request, answer, callId))
}

/** https://platform.openai.com/docs/api-reference/responses-streaming: the order of a real stream, every event numbered. */
export function scriptResponse(request: ResponsesRequest, answer: Answer, callId: string): StreamScript {
  let sequence = 0
  const event = (type: string, fields: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`
  const begun = frame(request, callId)
  const head = event('response.created', { response: begun }) + event('response.in_progress', { response: begun })
  const chunks: string[] = []
  const characters: number[] = []
  for (const [output_index, part] of answer.parts.entries()) {
    const item = itemOf(request, answer, part, output_index, callId)
    const place = { item_id: item.id, output_index }
    const hidden = part.kind === 'reasoning' && !request.reasoning?.summary
    const pieces = hidden ? [part.text] : splitPart(part, answer.chunks)
    for (const [i, piece] of pieces.entries()) {
      const opening = i === 0 ? event('response.output_item.added', { output_index, item: opened(item) }) : ''
      const start = i === 0 && !hidden ? openPart(part, place, event) : ''
      const delta = hidden ? '' : deltaOf(part, piece, place, event)
      const isLast = i === pieces.length - 1
      const end = isLast && !hidden ? closePart(part, place, event) : ''
      const closing = isLast ? event('response.output_item.done', { output_index, item }) : ''
      chunks.push(opening + start + delta + end + closing)
      characters.push(piece.length)
    }
  }
  const response = endedResponse(request, answer, callId)
  return {
    head,
    chunks,
    characters,
    finish: '',
    terminal: event(`response.${response.status}`, { response }),
    more: (text) =>
      event('response.output_text.delta', {
        item_id: `msg_${callId.slice(4)}0`,
        output_index: 0,
        content_index: 0,
        delta: text,
        logprobs: [],
      }),
    error: (message = 'The server had an error while processing your request. Sorry about that!') =>
      event('response.failed', {
        response: { ...begun, status: 'failed', error: { code: 'server_error', message } },
      }),
  }
}

type Emit = (type: string, fields: object) => string

function openPart(part: AnswerPart, place: object, event: Emit): string {
  if (part.kind === 'tool') return ''
  if (part.kind === 'reasoning') {
    const empty = { type: 'summary_text', text: '' }
    return event('response.reasoning_summary_part.added', { ...place, summary_index: 0, part: empty })
  }
  return event('response.content_part.added', { ...place, content_index: 0, part: outputText('') })
}

function deltaOf(part: AnswerPart, delta: string, place: object, event: Emit): string {
  if (part.kind === 'tool') return event('response.function_call_arguments.delta', { ...place, delta })
  if (part.kind === 'reasoning') {
    return event('response.reasoning_summary_text.delta', { ...place, summary_index: 0, delta })
  }
  return event('response.output_text.delta', { ...place, content_index: 0, delta, logprobs: [] })
}

function closePart(part: AnswerPart, place: object, event: Emit): string {
  const { text } = part
  if (part.kind === 'tool') {
    return event('response.function_call_arguments.done', { ...place, name: part.name, arguments: text })
  }
  if (part.kind === 'reasoning') {
    const summary = { ...place, summary_index: 0 }
    return (
      event('response.reasoning_summary_text.done', { ...summary, text }) +
      event('response.reasoning_summary_part.done', { ...summary, part: { type: 'summary_text', text } })
    )
  }
  const content = { ...place, content_index: 0 }
  return (
    event('response.output_text.done', { ...content, text, logprobs: [] }) +
    event('response.content_part.done', { ...content, part: outputText(text) })
  )
}

function outputText(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

type Item = Record<string, unknown> & { id: string; type: string }

function itemOf(request: ResponsesRequest, answer: Answer, part: AnswerPart, index: number, callId: string): Item {
  const cut = answer.finish === 'length' && index === answer.parts.length - 1
  const status = cut ? 'incomplete' : 'completed'
  const slug = `${callId.slice(4)}${index}`
  if (part.kind === 'tool') {
    return {
      id: `fc_${slug}`,
      type: 'function_call',
      status,
      arguments: part.text,
      call_id: `call_${part.id}`,
      name: part.name,
    }
  }
  if (part.kind === 'text') {
    return { id: `msg_${slug}`, type: 'message', status, content: [outputText(part.text)], role: 'assistant' }
  }
  const encrypted = request.include?.includes('reasoning.encrypted_content')
  return {
    id: `rs_${slug}`,
    type: 'reasoning',
    summary: request.reasoning?.summary ? [{ type: 'summary_text', text: part.text }] : [],
    ...(encrypted ? { encrypted_content: `simulated-${slug}` } : {}),
  }
}

function opened(item: Item): Item {
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] }
  return item.type === 'reasoning' ? { ...item, summary: [] } : { ...item, status: 'in_progress', arguments: '' }
}

function frame(request: ResponsesRequest, callId: string) {
  return {
    id: `resp_${callId.slice(4)}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    background: false,
    error: null as { code: string; message: string } | null,
    incomplete_details: null as { reason: string } | null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model: request.model,
    output: [] as Item[],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: request.reasoning?.summary ?? null },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: 'default',
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: request.text?.format ?? { type: 'text' }, verbosity: request.text?.verbosity ?? 'medium' },
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    usage: null as object | null,
    user: request.user ?? null,
    metadata: request.metadata ?? {},
  }
}

function endedResponse(request: ResponsesRequest, answer: Answer, callId: string) {
  const { usage } = answer
  const cut = answer.finish === 'length'
  return {
    ...frame(request, callId),
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    completed_at: cut ? null : Math.floor(Date.now() / 1000),
    output: answer.parts.map((part, index) => itemOf(request, answer, part, index, callId)),
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.cacheWrite },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: usage.input + usage.output,
    },
  }
}
