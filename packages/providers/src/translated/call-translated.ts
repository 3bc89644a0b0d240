import { BrokerError, toFailure } from '@switchyard/contract/broker-error'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatCall, ChatResult, ChatSink } from '../chat-call.ts'
import type { Transport } from '../transport.ts'
import { answerMeta, attemptSlug } from './answer-meta.ts'
import { anthropicDialect } from './anthropic-dialect.ts'
import { checkWire } from './check-wire.ts'
import { decodeRequest } from './decode-request.ts'
import { generateAnswer } from './generate-answer.ts'
import { googleDialect } from './google-dialect.ts'
import { languageModel } from './language-model.ts'
import { createProviderFetch } from './provider-fetch.ts'
import { streamAnswer } from './stream-answer.ts'
import type { TranslatedCall } from './translated-call.ts'
import { urlCheckOf } from './url-check.ts'

/** Calls Anthropic or Google through the AI SDK's provider packages, in the client's dialect on both sides (design.md §7). */
export async function callTranslated(transport: Transport, call: ChatCall, sink: ChatSink): Promise<ChatResult> {
  const streaming = call.stream && call.upstream.streams
  const kind = call.upstream.kind === 'google' ? 'google' : 'anthropic'
  const dialect = kind === 'google' ? googleDialect() : anthropicDialect()
  const http = createProviderFetch(transport, call, dialect, streaming)
  const model = languageModel(call.upstream, attemptSlug(call.attemptId), http.fetch)
  try {
    const request = decodeRequest(call, kind, await urlCheckOf(model))
    http.check = (body) => checkWire(request, body)
    const translated: TranslatedCall = { call, model, http, dialect, request, meta: answerMeta(call) }
    return await (streaming ? streamAnswer(translated, sink) : generateAnswer(translated, sink))
  } catch (error) {
    // Made before the call, by the decoder or the SDK: the caller's to change, and never sent.
    if (!BrokerError.is(error)) throw error
    const failure: AttemptFailure = {
      class: 'invalid_request',
      message: `the request cannot be translated (${error.code}${error.param === null ? '' : `: ${error.param}`})`,
      status: null,
      body: toFailure(error).error,
    }
    return { ok: false, failure, usage: null, httpStatus: null, learned: {}, sawContent: false }
  }
}
