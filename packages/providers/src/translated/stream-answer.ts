import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Usage } from '@switchyard/contract/usage'
import type { ChatResult, ChatSink } from '../chat-call.ts'
import type { ChatLine } from '../chat-line.ts'
import { classifyStreamError } from '../classify-stream-error.ts'
import { showLines } from '../show-lines.ts'
import { brokenStream } from './broken-stream.ts'
import { droppedBySdk } from './dropped-by-sdk.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { chatFinish } from './finish-reason.ts'
import { usageOf } from './sdk-usage.ts'
import type { TranslatedCall } from './translated-call.ts'
import { untranslatable } from './untranslatable.ts'

/**
 * Streams a translated answer. Parts are shown as they come; the finish chunk waits until the HTTP call says that the provider
 * really ended its answer, because the SDK finishes on any end.
 */
export async function streamAnswer(translated: TranslatedCall, sink: ChatSink): Promise<ChatResult> {
  const { call, http, meta, request } = translated
  const prefill = call.prefill ?? ''
  const encoder = createStreamEncoder(meta, call.includeUsage, prefill.slice(prefill.trimEnd().length))
  const dropped = new Set(request.dropped)
  let sawContent = false
  let finish: { reason: LanguageModelV4FinishReason; usage: Usage | null } | null = null
  let thrown: unknown = null

  const show = async (lines: ChatLine[]) => {
    for (const { data, content } of lines) {
      if (content && !sawContent) {
        sawContent = true
        http.shown()
      }
      await sink.data(data, content)
    }
  }

  let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | undefined
  try {
    const { stream } = await translated.model.doStream(request.options)
    reader = stream.getReader()
    for (;;) {
      const { done, value: part } = await reader.read()
      if (done) break
      if (part.type === 'stream-start') for (const name of droppedBySdk(part.warnings)) dropped.add(name)
      else if (part.type === 'finish') finish = { reason: part.finishReason, usage: usageOf(part.usage) }
      else if (part.type === 'error') throw part.error
      else await show(encoder.part(part))
    }
  } catch (error) {
    thrown = error ?? new Error('the stream failed')
  }
  // Let go of the provider in every case, or an abandoned call would go on unseen.
  http.abandon()
  await reader?.cancel().catch(() => {})

  const answer = await http.answer()
  const told = finish?.usage ?? translated.dialect.usage
  const failed = (failure: AttemptFailure): ChatResult => ({
    ok: false,
    failure,
    usage: told,
    httpStatus: answer?.status ?? null,
    learned: answer?.learned ?? {},
    sawContent,
  })
  if (answer === null) throw untranslatable(thrown)
  const error = http.streamError()
  if (error !== null) return failed(classifyStreamError(call.upstream.kind, error, sawContent))
  if (!answer.ok) return failed(answer.failure)
  if (thrown !== null) return failed(brokenStream('the answer could not be translated'))

  const end = finish === null ? null : chatFinish(finish.reason)
  if (end === null) return failed(brokenStream('the model broke off its answer'))
  const unshown = await showLines(sink, encoder.end(end, told), call.signal)
  if (unshown !== null) return failed(unshown)
  return {
    ok: true,
    body: null,
    usage: told,
    httpStatus: answer.status,
    learned: answer.learned,
    dropped: [...dropped],
  }
}
