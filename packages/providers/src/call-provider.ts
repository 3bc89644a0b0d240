import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatCall, ChatResult, ChatSink } from './chat-call.ts'
import { callOpenAi } from './openai/call-openai.ts'
import { callResponses } from './responses/call-responses.ts'
import { chatOverResponses } from './responses/chat-over-responses.ts'
import { responsesOverChat } from './responses/responses-over-chat.ts'
import type { ResponsesCall, ResponsesResult } from './responses-call.ts'
import { scrubSecret } from './scrub-secret.ts'
import { supportsPrefill } from './supports-prefill.ts'
import { callTranslated } from './translated/call-translated.ts'
import type { Transport } from './transport.ts'

export type { ChatCall, ChatResult, ChatSink, Upstream } from './chat-call.ts'

/** A call in the dialect of the job's client. */
export type ProviderCall = (ChatCall & { dialect: 'openai-chat' }) | (ResponsesCall & { dialect: 'openai-responses' })

/** `terminal` is the data line of a stream's last event where the dialect has one of its own, else the stream ends with `[DONE]`. */
export type ProviderResult = ResponsesResult

/**
 * One attempt: one HTTP call of one deployment, never repeated here, answered in the client's dialect whatever the deployment
 * speaks. A failure of the provider, of the network or of the translation is a value, never an exception. Ok means that the
 * provider's own end marker was seen.
 */
export async function callProvider(transport: Transport, call: ProviderCall, sink: ChatSink): Promise<ProviderResult> {
  if (call.dialect === 'openai-chat') return callChat(transport, call, sink)
  if (!speaksResponses(call)) return responsesOverChat(call, sink, (chat, lines) => callChat(transport, chat, lines))
  if (call.prefill !== null) return cannotContinue()
  return scrubbed(await callResponses(transport, call, sink), call)
}

/** The same for a call in the dialect `openai-chat`. */
export async function callChat(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  const { upstream } = call
  if (call.prefill !== null && !supportsPrefill(upstream.kind, upstream.model)) return cannotContinue()
  if (speaksResponses(call)) return scrubbed(await chatOverResponses(transport, call, sink), call)
  const result =
    upstream.kind === 'openai' ? await callOpenAi(transport, call, sink) : await callTranslated(transport, call, sink)
  return scrubbed(result, call)
}

function speaksResponses({ upstream }: ChatCall): boolean {
  return upstream.kind === 'openai' && upstream.api === 'responses'
}

function scrubbed<R extends ChatResult>(result: R, { upstream }: ChatCall): R {
  return result.ok ? result : { ...result, failure: scrubSecret(result.failure, upstream.apiKey) }
}

function cannotContinue(): Extract<ChatResult, { ok: false }> {
  const failure: AttemptFailure = {
    class: 'broken_stream',
    message: 'this deployment cannot continue a text',
    status: null,
  }
  return { ok: false, failure, usage: null, httpStatus: null, learned: {}, sawContent: false }
}
