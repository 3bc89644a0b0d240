import { BrokerError, toFailure } from '@switchyard/contract/broker-error'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import {
  encodeEvents,
  type ResponseEncoder,
  type ResponseEvent,
} from '@switchyard/contract/openai-responses/encode-events'
import { chatName, inResponsesWords, responsesName } from '@switchyard/contract/openai-responses/parameter-names'
import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import { newResponse } from '@switchyard/contract/openai-responses/response-object'
import { type AsChat, toChatRequest } from '@switchyard/contract/openai-responses/to-chat-request'
import type { ChatCall, ChatResult, ChatSink } from '../chat-call.ts'
import type { ResponsesCall, ResponsesResult } from '../responses-call.ts'
import { showLines } from '../show-lines.ts'
import { type CompletionLike, synthesiseChunks } from '../synthesise-chunks.ts'
import { attemptSlug } from '../translated/answer-meta.ts'

type CallChat = (call: ChatCall, sink: ChatSink) => Promise<ChatResult>

/** A client of responses answered by a deployment that speaks chat, itself or translated: `callChat` makes the call. */
export async function responsesOverChat(
  call: ResponsesCall,
  sink: ChatSink,
  callChat: CallChat,
): Promise<ResponsesResult> {
  const request = JSON.parse(call.body.toString('utf8')) as ResponsesRequest
  let asChat: AsChat
  try {
    asChat = toChatRequest(request)
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    return { ok: false, failure: untranslatable(error), usage: null, httpStatus: null, learned: {}, sawContent: false }
  }
  const encoder = encodeEvents(
    newResponse(call.head, request, 'in_progress'),
    call.firstSequence,
    attemptSlug(call.attemptId),
  )
  const chat: ChatCall = {
    ...call,
    body: Buffer.from(JSON.stringify(asChat.request)),
    includeUsage: false,
    drop: call.drop.map(chatName),
  }
  const result = await callChat(chat, { data: (line) => give(sink, encoder.chunk(line)) })
  if (!result.ok) return { ...result, failure: inTheirWords(result.failure, asChat.places) }
  return finish(call, sink, encoder, { ...result, dropped: result.dropped.map((name) => responsesName(name)) })
}

async function finish(
  call: ResponsesCall,
  sink: ChatSink,
  encoder: ResponseEncoder,
  result: Extract<ChatResult, { ok: true }>,
): Promise<ResponsesResult> {
  if (result.body !== null) {
    // Whoever did not ask for a stream gets what it would have come to.
    const completion = JSON.parse(result.body) as CompletionLike
    for (const { data } of synthesiseChunks(completion, false)) encoder.chunk(data)
  }
  const { events, terminal, response } = encoder.end(result.usage, Date.now())
  const incomplete = response.incomplete_details?.reason ?? null
  if (!call.stream) return { ...result, body: JSON.stringify(response), incomplete }
  const failure = await showLines(sink, events, call.signal)
  if (failure === null) return { ...result, body: null, terminal, incomplete }
  const { usage, httpStatus, learned } = result
  return { ok: false, failure, usage, httpStatus, learned, sawContent: true }
}

function give(sink: ChatSink, events: ResponseEvent[], from = 0): void | Promise<void> {
  for (let i = from; i < events.length; i++) {
    const { data, content } = events[i]!
    const wait = sink.data(data, content)
    if (wait !== undefined) return wait.then(() => give(sink, events, i + 1))
  }
}

function untranslatable(error: BrokerError): AttemptFailure {
  const { param } = error
  const message = `the request cannot be translated (${error.code}${param === null ? '' : `: ${param}`})`
  return { class: 'invalid_request', message, status: null, body: toFailure(error).error }
}

function inTheirWords(failure: AttemptFailure, places: readonly string[]): AttemptFailure {
  const { body } = failure
  if (body === undefined) return failure
  const param = body.param === null ? null : responsesName(body.param, places)
  return { ...failure, body: { ...body, param, message: inResponsesWords(body.message) } }
}
