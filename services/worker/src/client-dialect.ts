import { responseHead } from '@switchyard/contract/openai-responses/response-object'
import type { ProviderCall } from '@switchyard/providers/call-provider'
import type { Hold } from './hold.ts'

type ClientDialect =
  | { dialect: 'openai-chat' }
  | Pick<Extract<ProviderCall, { dialect: 'openai-responses' }>, 'dialect' | 'head' | 'firstSequence'>

/** In which dialect a job's client is answered, with what its events need to know: whose response it is, and where the log stands. */
export function clientDialect({ spec, log }: Hold): ClientDialect {
  if (spec.dialect === 'openai-chat') return { dialect: 'openai-chat' }
  return { dialect: 'openai-responses', head: responseHead(spec), firstSequence: log?.nextSeq ?? 0 }
}
