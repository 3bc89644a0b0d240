import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatCall, ChatResult, ChatSink } from '../chat-call.ts'
import { classifyError } from '../classify-error.ts'
import { type AskRequest, askUpstream } from '../http/ask-upstream.ts'
import { cacheRewrite } from '../prompt-cache/cache-rewrite.ts'
import { readErrorObject } from '../read-error-body.ts'
import { showLines } from '../show-lines.ts'
import { isChatCompletion, synthesiseChunks } from '../synthesise-chunks.ts'
import type { Transport } from '../transport.ts'
import { readUsage } from './read-usage.ts'
import { relayChatStream } from './relay-chat-stream.ts'
import { rewriteBody } from './rewrite-body.ts'

/** The pass-through to OpenAI and every compatible server: bytes in, bytes out (design.md §7). */
export function callOpenAi(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  return call.stream && call.upstream.streams ? stream(transport, call, sink) : complete(transport, call, sink)
}

async function stream(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  const reader = relayChatStream(sink, call.includeUsage)
  const answer = await askUpstream(transport, request(call, true), reader)
  const { usage } = reader
  if (!answer.ok)
    return {
      ok: false,
      failure: answer.failure,
      usage,
      httpStatus: answer.status,
      learned: answer.learned,
      sawContent: answer.sawContent,
    }
  return { ok: true, body: null, usage, httpStatus: answer.status, learned: answer.learned, dropped: [] }
}

async function complete(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  const answer = await askUpstream(transport, request(call, false), null)
  const { learned, status: httpStatus } = answer
  if (!answer.ok) return { ok: false, failure: answer.failure, usage: null, httpStatus, learned, sawContent: false }
  const { status } = answer

  const completion = parse(answer.text)
  if (!isChatCompletion(completion)) {
    const failure = notAnAnswer(call, completion, answer.text, status)
    return { ok: false, failure, usage: null, httpStatus, learned, sawContent: false }
  }
  const usage = readUsage(completion.usage)
  if (!call.stream) return { ok: true, body: answer.text, usage, httpStatus: status, learned, dropped: [] }

  const lines = synthesiseChunks(completion, call.includeUsage)
  const failure = await showLines(sink, lines, call.signal)
  if (failure !== null) return { ok: false, failure, usage, httpStatus, learned, sawContent: true }
  return { ok: true, body: null, usage, httpStatus: status, learned, dropped: [] }
}

/** A 200 that is not an answer: not JSON, an error in it (OpenRouter), or no choices. */
function notAnAnswer(call: ChatCall, completion: unknown, text: string, status: number): AttemptFailure {
  if (completion === undefined) return { class: 'server', message: 'the answer is not JSON', status }
  const error = readErrorObject(completion)
  if (error !== null) return classifyError(call.upstream.kind, error.status ?? 500, {}, text)
  return { class: 'server', message: 'the answer is not a chat completion', status }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function request(call: ChatCall, streaming: boolean): AskRequest {
  const { upstream } = call
  return {
    kind: upstream.kind,
    attemptId: call.attemptId,
    url: `${upstream.baseUrl}/chat/completions`,
    headers: {
      accept: streaming ? 'text/event-stream' : 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'user-agent': 'switchyard',
      'x-client-request-id': call.attemptId,
      ...(upstream.apiKey === null ? {} : { authorization: `Bearer ${upstream.apiKey}` }),
    },
    body: rewriteBody(call.body, {
      model: upstream.model,
      stream: streaming,
      drop: call.drop,
      cache: cacheRewrite(call),
    }),
    signal: call.signal,
    limits: {
      firstTokenMs: streaming ? upstream.timeouts.firstTokenMs : null,
      idleMs: upstream.timeouts.idleMs,
      totalMs: upstream.timeouts.totalMs,
    },
  }
}
