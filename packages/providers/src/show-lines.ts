import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatSink } from './chat-call.ts'
import type { ChatLine } from './chat-line.ts'

/**
 * Gives lines that we made to the sink, one after the other. Answers why it stopped: the call was aborted, or the sink has
 * lost its reader; null when all were taken.
 */
export async function showLines(
  sink: ChatSink,
  lines: ChatLine[],
  signal: AbortSignal,
): Promise<AttemptFailure | null> {
  for (const { data, content } of lines) {
    if (signal.aborted) return { class: 'cancelled', message: 'the call was aborted', status: 200 }
    try {
      await sink.data(data, content)
    } catch {
      return { class: 'broken_stream', message: 'the answer could not be handed on', status: 200 }
    }
  }
  return null
}
