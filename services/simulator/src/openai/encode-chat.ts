import type { Answer, AnswerPart } from '../answer/answer.ts'
import { splitPart } from '../answer/split-pieces.ts'
import type { StreamScript } from '../dialect.ts'
import type { ChatRequest } from './chat-request.ts'

/** https://platform.openai.com/docs/api-reference/chat/object and /chat/streaming, with `system_fingerprint: "simulator"`. */
export function encodeCompletion(request: ChatRequest, answer: Answer, callId: string): string {
  const texts = answer.parts.filter((part) => part.kind === 'text')
  const reasoning = answer.parts.find((part) => part.kind === 'reasoning')?.text
  const calls = answer.parts.filter((part) => part.kind === 'tool')
  const message = {
    role: 'assistant',
    content: texts.length > 0 ? texts.map((part) => part.text).join('') : calls.length > 0 ? null : '',
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map(({ id, name, text }) => ({
            id: `call_${id}`,
            type: 'function',
            function: { name, arguments: text },
          })),
        }),
    refusal: null,
    annotations: [],
  }
  return JSON.stringify({
    id: `chatcmpl-${callId.slice(4)}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    choices: Array.from({ length: answer.copies }, (_, index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finishReason(answer),
    })),
    usage: usageOf(answer),
    service_tier: 'default',
    system_fingerprint: 'simulator',
  })
}

export function scriptCompletion(request: ChatRequest, answer: Answer, callId: string): StreamScript {
  const { model } = request
  const includeUsage = request.stream_options?.include_usage === true
  const created = Math.floor(Date.now() / 1000)
  const frame = `data: {"id":"chatcmpl-${callId.slice(4)}","object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},"service_tier":"default","system_fingerprint":"simulator","choices":[`
  const tail = includeUsage ? '],"usage":null}\n\n' : ']}\n\n'
  const choices = Array.from({ length: answer.copies }, (_, index) => index)
  /** The same delta for every choice, as events of one write. */
  const event = (delta: string, finish = 'null') =>
    choices
      .map((index) => `${frame}{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`)
      .join('')

  const chunks: string[] = []
  const characters: number[] = []
  let toolIndex = -1
  for (const part of answer.parts) {
    if (part.kind === 'tool') toolIndex++
    const pieces = splitPart(part, answer.chunks)
    pieces.forEach((piece, i) => {
      const opening = i === 0 && part.kind === 'tool' ? event(openTool(part, toolIndex)) : ''
      chunks.push(opening + event(deltaOf(part, piece, toolIndex)))
      characters.push(piece.length * answer.copies)
    })
  }
  const calls = toolIndex >= 0
  const usage = includeUsage ? `${frame}],"usage":${JSON.stringify(usageOf(answer))}}\n\n` : ''
  return {
    head: event(`{"role":"assistant","content":${calls ? 'null' : '""'},"refusal":null}`),
    chunks,
    characters,
    finish: event('{}', JSON.stringify(finishReason(answer))) + usage,
    terminal: 'data: [DONE]\n\n',
    more: (text) => event(`{"content":${JSON.stringify(text)}}`),
    error: (message = 'The server had an error while processing your request. Sorry about that!') =>
      `data: ${JSON.stringify({ error: { message, type: 'server_error', param: null, code: null } })}\n\n`,
  }
}

function openTool(part: Extract<AnswerPart, { kind: 'tool' }>, index: number): string {
  const call = { index, id: `call_${part.id}`, type: 'function', function: { name: part.name, arguments: '' } }
  return JSON.stringify({ tool_calls: [call] })
}

function deltaOf(part: AnswerPart, piece: string, toolIndex: number): string {
  const text = JSON.stringify(piece)
  if (part.kind === 'text') return `{"content":${text}}`
  if (part.kind === 'reasoning') return `{"reasoning_content":${text}}`
  return `{"tool_calls":[{"index":${toolIndex},"function":{"arguments":${text}}}]}`
}

function finishReason(answer: Answer): 'stop' | 'length' | 'tool_calls' {
  if (answer.finish === 'length') return 'length'
  return answer.finish === 'tool' ? 'tool_calls' : 'stop'
}

function usageOf({ usage }: Answer) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cached,
      audio_tokens: 0,
      ...(usage.cacheWrite === 0 ? {} : { cache_write_tokens: usage.cacheWrite }),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
