import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Usage } from '@switchyard/contract/usage'
import type { ChatSink } from '../chat-call.ts'
import { classifyStreamError } from '../classify-stream-error.ts'
import type { StreamControl, StreamReader } from '../http/ask-upstream.ts'
import type { SseEvent } from '../http/sse-decoder.ts'
import { createChunkReader } from './read-chunk.ts'

export interface ChatStream extends StreamReader {
  /** The last usage that the stream told. */
  readonly usage: Usage | null
}

/**
 * Passes an OpenAI-compatible stream on, line by line and untouched. States: *open* → *closed* by `[DONE]` (complete), an
 * error line or a malformed one (broken). The usage chunk, which we always ask for, is kept from clients that did not.
 */
export function relayChatStream(sink: ChatSink, includeUsage: boolean): ChatStream {
  const read = createChunkReader()
  let usage: Usage | null = null
  let lines = 0
  return {
    get usage() {
      return usage
    },
    event({ data }: SseEvent, control: StreamControl) {
      if (data === '[DONE]') {
        if (lines === 0) control.fail(broken('the stream ended without an answer'))
        else control.complete()
        return
      }
      if (data === '') return
      const facts = read(data)
      if (facts.kind === 'malformed') {
        control.fail(broken('the provider sent a line that is not a chat chunk'))
        return
      }
      if (facts.kind === 'error') {
        control.fail(classifyStreamError('openai', facts.error, control.sawContent))
        return
      }
      lines++
      usage = facts.usage ?? usage
      if (facts.content) control.content()
      if (facts.usageOnly && !includeUsage) return
      return sink.data(data, facts.content)
    },
  }
}

function broken(message: string): AttemptFailure {
  return { class: 'broken_stream', message, status: 200 }
}
