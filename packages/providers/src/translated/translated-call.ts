import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { ChatCall } from '../chat-call.ts'
import type { AnswerMeta } from './answer-meta.ts'
import type { DecodedRequest } from './decode-request.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import type { RawDialect } from './raw-dialect.ts'

/** Everything of one translated call. */
export interface TranslatedCall {
  call: ChatCall
  model: LanguageModelV4
  http: ProviderFetch
  dialect: RawDialect
  request: DecodedRequest
  meta: AnswerMeta
}
