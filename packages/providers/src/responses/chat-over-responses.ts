import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { Usage } from '@switchyard/contract/usage'
import type { ChatCall, ChatResult, ChatSink } from '../chat-call.ts'
import type { ChatLine } from '../chat-line.ts'
import type { StreamControl } from '../http/ask-upstream.ts'
import { cacheRewrite } from '../prompt-cache/cache-rewrite.ts'
import { showLines } from '../show-lines.ts'
import { synthesiseChunks } from '../synthesise-chunks.ts'
import { answerMeta } from '../translated/answer-meta.ts'
import type { Transport } from '../transport.ts'
import { askResponses } from './ask-responses.ts'
import { completionFromResponse } from './completion-from-response.ts'
import { encodeChunks } from './encode-chunks.ts'
import { errorEvent, type Fields, failedResponse, isFields, isFinal, readResponseUsage } from './read-response.ts'
import { readWhole } from './read-whole.ts'
import { requestFromChat } from './request-from-chat.ts'

/** A chat client answered by a model that its provider serves through the Responses API alone. */
export async function chatOverResponses(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  const { model, maxOutput, streams } = call.upstream
  const stream = call.stream && streams
  const given = JSON.parse(call.body.toString('utf8')) as ChatRequest
  const { messages, key } = cacheRewrite(call)
  const request: ChatRequest = {
    ...given,
    messages: (messages?.(given.messages, given.prompt_cache_options) ?? given.messages) as ChatRequest['messages'],
    prompt_cache_key: given.prompt_cache_key ?? key,
  }
  const body = JSON.stringify(requestFromChat(request, { model, stream, drop: call.drop, maxOutput }))
  return stream ? streamChat(transport, call, body, sink) : wholeChat(transport, call, body, sink)
}

async function streamChat(transport: Transport, call: ChatCall, body: string, sink: ChatSink): Promise<ChatResult> {
  const encoder = encodeChunks(answerMeta(call), call.includeUsage)
  let usage: Usage | null = null
  let final: Fields | null = null
  const answer = await askResponses(transport, call, body, {
    event({ data }, control) {
      if (data === '') return
      const event = parse(data)
      if (event === null) {
        control.fail({ class: 'broken_stream', message: 'the provider sent a line that is not an event', status: 200 })
        return
      }
      const response = isFields(event.response) ? event.response : null
      usage = readResponseUsage(response?.usage) ?? usage
      if (event.type === 'error') control.fail(errorEvent(event, control.sawContent))
      else if (event.type === 'response.failed') control.fail(failedResponse(response ?? {}, control.sawContent))
      else if (isFinal(event.type)) {
        final = response ?? {}
        control.complete()
      } else return give(sink, encoder.event(event), control)
    },
  })
  const { learned, status: httpStatus } = answer
  const failed = (failure: AttemptFailure, sawContent: boolean): ChatResult => {
    return { ok: false, failure, usage, httpStatus, learned, sawContent }
  }
  if (!answer.ok) return failed(answer.failure, answer.sawContent)
  const unshown = await showLines(sink, encoder.end(final ?? {}, usage), call.signal)
  if (unshown !== null) return failed(unshown, true)
  return { ok: true, body: null, usage, httpStatus: answer.status, learned, dropped: [] }
}

async function wholeChat(transport: Transport, call: ChatCall, body: string, sink: ChatSink): Promise<ChatResult> {
  const read = await readWhole(transport, call, body)
  if (!read.ok) return read.result
  const { usage, httpStatus, learned } = read.told
  const completion = completionFromResponse(answerMeta(call), read.response, usage)
  if (!call.stream) return { ...read.told, body: JSON.stringify(completion) }
  const failure = await showLines(sink, synthesiseChunks(completion, call.includeUsage), call.signal)
  if (failure !== null) return { ok: false, failure, usage, httpStatus, learned, sawContent: true }
  return { ...read.told, body: null }
}

/** One after the other; without a promise where the sink needs none. */
function give(sink: ChatSink, lines: ChatLine[], control: StreamControl, from = 0): void | Promise<void> {
  for (let i = from; i < lines.length; i++) {
    const { data, content } = lines[i]!
    if (content) control.content()
    const wait = sink.data(data, content)
    if (wait !== undefined) return wait.then(() => give(sink, lines, control, i + 1))
  }
}

function parse(data: string): Fields | null {
  try {
    const event: unknown = JSON.parse(data)
    return isFields(event) && typeof event.type === 'string' ? event : null
  } catch {
    return null
  }
}
