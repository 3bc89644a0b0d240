import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatCall, ChatResult, ChatSink } from './chat-call.ts'
import { callOpenAi } from './openai/call-openai.ts'
import { scrubSecret } from './scrub-secret.ts'
import { supportsPrefill } from './supports-prefill.ts'
import { callTranslated } from './translated/call-translated.ts'
import type { Transport } from './transport.ts'

export type { ChatCall, ChatResult, ChatSink, Upstream } from './chat-call.ts'

/**
 * One attempt: one HTTP call of one deployment, never repeated here. A failure of the provider, of the network or of the
 * translation is a value, never an exception. Ok means that the provider's own end marker was seen.
 */
export async function callChat(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  const { upstream } = call
  if (call.prefill !== null && !supportsPrefill(upstream.kind, upstream.model)) {
    const failure: AttemptFailure = {
      class: 'broken_stream',
      message: 'this deployment cannot continue a text',
      status: null,
    }
    return { ok: false, failure, usage: null, httpStatus: null, learned: {}, sawContent: false }
  }
  const result =
    upstream.kind === 'openai' ? await callOpenAi(transport, call, sink) : await callTranslated(transport, call, sink)
  return result.ok ? result : { ...result, failure: scrubSecret(result.failure, upstream.apiKey) }
}
