import type { LanguageModelV4GenerateResult } from '@ai-sdk/provider'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatResult, ChatSink } from '../chat-call.ts'
import { showLines } from '../show-lines.ts'
import { synthesiseChunks } from '../synthesise-chunks.ts'
import { droppedBySdk } from './dropped-by-sdk.ts'
import { encodeCompletion } from './encode-completion.ts'
import { chatFinish } from './finish-reason.ts'
import { usageOf } from './sdk-usage.ts'
import type { TranslatedCall } from './translated-call.ts'
import { untranslatable } from './untranslatable.ts'

/** A translated answer in one piece; for a client that wanted a stream of a deployment that has none, made into chunks. */
export async function generateAnswer(translated: TranslatedCall, sink: ChatSink): Promise<ChatResult> {
  const { call, http, meta, request } = translated
  let result: LanguageModelV4GenerateResult | null = null
  let thrown: unknown = null
  try {
    result = await translated.model.doGenerate(request.options)
  } catch (error) {
    thrown = error
  }

  const answer = await http.answer()
  if (answer === null) throw untranslatable(thrown)
  const { learned, status: httpStatus } = answer
  let usage = translated.dialect.usage
  const failed = (failure: AttemptFailure, sawContent = false): ChatResult => {
    return { ok: false, failure, usage, httpStatus, learned, sawContent }
  }
  if (!answer.ok) return failed(answer.failure)
  if (result === null)
    return failed({ class: 'server', message: 'the answer could not be translated', status: httpStatus })
  usage = usageOf(result.usage)
  const finish = chatFinish(result.finishReason)
  if (finish === null) return failed({ class: 'server', message: 'the model broke off its answer', status: httpStatus })

  const completion = encodeCompletion(meta, result.content, finish, usage)
  const dropped = [...new Set([...request.dropped, ...droppedBySdk(result.warnings)])]
  const ok = { ok: true as const, usage, httpStatus: answer.status, learned, dropped }
  if (!call.stream) return { ...ok, body: JSON.stringify(completion) }

  const failure = await showLines(sink, synthesiseChunks(completion, call.includeUsage), call.signal)
  if (failure !== null) return failed(failure, true)
  return { ...ok, body: null }
}
