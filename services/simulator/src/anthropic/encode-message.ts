import type { Answer, AnswerPart } from '../answer/answer.ts'
import { splitPart } from '../answer/split-pieces.ts'
import type { StreamScript } from '../dialect.ts'

/** How the answer of a model is written: `thinkingHidden` leaves the text of thinking blocks out, not their signature. */
export interface MessageShape {
  model: string
  thinkingHidden: boolean
}

/** https://platform.claude.com/docs/en/api/messages/create#response */
export function encodeMessage({ model, thinkingHidden }: MessageShape, answer: Answer, callId: string): string {
  const content = answer.parts.map((part) => {
    if (part.kind === 'text') return { type: 'text', text: part.text }
    if (part.kind === 'tool') {
      return { type: 'tool_use', id: `toolu_${part.id}`, name: part.name, input: parseInput(part.text) }
    }
    return { type: 'thinking', thinking: thinkingHidden ? '' : part.text, signature: signature(part.text) }
  })
  return JSON.stringify({
    model,
    id: `msg_${callId.slice(4)}`,
    type: 'message',
    role: 'assistant',
    content,
    stop_reason: stopReason(answer),
    stop_sequence: answer.stopSequence,
    usage: { ...inputUsage(answer), ...outputUsage(answer), service_tier: 'standard' },
  })
}

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
export function scriptMessage({ model, thinkingHidden }: MessageShape, answer: Answer, callId: string): StreamScript {
  const chunks: string[] = []
  const characters: number[] = []
  let index = -1
  /** Closes the block before; goes out with the first delta of the next one. */
  let close = ''
  for (const part of answer.parts) {
    index++
    let opening = close + event('content_block_start', `"index":${index},"content_block":${openBlock(part)}`)
    const pieces = splitPart(part, answer.chunks)
    for (const piece of part.kind === 'reasoning' && thinkingHidden ? [] : pieces) {
      chunks.push(opening + event('content_block_delta', `"index":${index},"delta":${deltaOf(part, piece)}`))
      characters.push(piece.length)
      opening = ''
    }
    close = opening
    if (part.kind === 'reasoning') {
      const delta = `{"type":"signature_delta","signature":${JSON.stringify(signature(part.text))}}`
      close += event('content_block_delta', `"index":${index},"delta":${delta}`)
    }
    close += event('content_block_stop', `"index":${index}`)
  }
  const message = {
    model,
    id: `msg_${callId.slice(4)}`,
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...inputUsage(answer), output_tokens: 1, service_tier: 'standard' },
  }
  const ending = {
    delta: { stop_reason: stopReason(answer), stop_sequence: answer.stopSequence },
    usage: { ...inputUsage(answer), ...outputUsage(answer) },
  }
  const last = Math.max(0, index)
  return {
    head: event('message_start', `"message":${JSON.stringify(message)}`) + event('ping'),
    chunks,
    characters,
    finish: close + event('message_delta', JSON.stringify(ending).slice(1, -1)),
    terminal: event('message_stop'),
    more: (text) =>
      event('content_block_delta', `"index":${last},"delta":{"type":"text_delta","text":${JSON.stringify(text)}}`),
    error: (words = 'Overloaded') =>
      event('error', `"error":{"type":"overloaded_error","message":${JSON.stringify(words)}},"request_id":"${callId}"`),
  }
}

function event(type: string, fields = ''): string {
  return `event: ${type}\ndata: {"type":"${type}"${fields === '' ? '' : `,${fields}`}}\n\n`
}

function openBlock(part: AnswerPart): string {
  if (part.kind === 'text') return '{"type":"text","text":""}'
  if (part.kind === 'reasoning') return '{"type":"thinking","thinking":"","signature":""}'
  return `{"type":"tool_use","id":"toolu_${part.id}","name":${JSON.stringify(part.name)},"input":{}}`
}

function deltaOf(part: AnswerPart, piece: string): string {
  const text = JSON.stringify(piece)
  if (part.kind === 'text') return `{"type":"text_delta","text":${text}}`
  if (part.kind === 'reasoning') return `{"type":"thinking_delta","thinking":${text}}`
  return `{"type":"input_json_delta","partial_json":${text}}`
}

/** Arguments that `max_tokens` cut short are no JSON; the API then gives what it could read, here nothing. */
function parseInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** Opaque to callers, who must give it back as it is. */
function signature(thinking: string): string {
  return Buffer.from(`simulated ${thinking.length}`).toString('base64')
}

function stopReason(answer: Answer): 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' {
  const reasons = { stop: 'end_turn', length: 'max_tokens', stop_sequence: 'stop_sequence', tool: 'tool_use' } as const
  return reasons[answer.finish]
}

function outputUsage({ usage }: Answer) {
  const details = usage.reasoning === 0 ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } }
  return { output_tokens: usage.output, ...details }
}

/** Anthropic counts cached and cache-writing tokens apart from `input_tokens`. */
function inputUsage({ usage }: Answer) {
  return {
    input_tokens: usage.input - usage.cached - usage.cacheWrite,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cached,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite - usage.cacheWriteLong,
      ephemeral_1h_input_tokens: usage.cacheWriteLong,
    },
  }
}
