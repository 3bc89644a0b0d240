import type { FinishReason } from '@switchyard/contract/openai-chat/chunk'
import type { Usage } from '@switchyard/contract/usage'
import type { ChatLine } from '../chat-line.ts'
import type { AnswerMeta } from '../translated/answer-meta.ts'
import { chatUsage } from '../translated/sdk-usage.ts'
import { type Fields, isFields } from './read-response.ts'

export interface ChunkEncoder {
  /** The chat lines that a response event becomes; none for what chat clients do not see. */
  event(event: Fields): ChatLine[]
  /** The last lines. `response` is what the last event carries. */
  end(response: Fields, usage: Usage | null): ChatLine[]
}

/** Response events as `openai-chat` chunks: role first, then text, refusal, reasoning and calls as they come. */
export function encodeChunks(meta: AnswerMeta, includeUsage: boolean): ChunkEncoder {
  const { id, created, model, ...rest } = meta
  const envelope = { id, object: 'chat.completion.chunk', created, model, ...rest }
  /** Place among the calls, by the item's place in the output. */
  const calls = new Map<unknown, { index: number; streamed: boolean }>()
  let begun = false

  const line = (delta: object, content: boolean, more: object = {}): ChatLine => ({
    data: JSON.stringify({ ...envelope, choices: [{ index: 0, delta, finish_reason: null, ...more }] }),
    content,
  })
  const say = (...lines: ChatLine[]): ChatLine[] => {
    if (begun) return lines
    begun = true
    return [line({ role: 'assistant', content: '' }, false), ...lines]
  }
  const args = (call: { index: number; streamed: boolean }, text: string): ChatLine[] => {
    call.streamed = true
    return say(line({ tool_calls: [{ index: call.index, function: { arguments: text } }] }, true))
  }

  return {
    event(event) {
      const delta = typeof event.delta === 'string' ? event.delta : ''
      switch (event.type) {
        case 'response.output_text.delta': {
          if (delta === '') return []
          const logprobs = Array.isArray(event.logprobs) && event.logprobs.length > 0 ? event.logprobs : null
          return say(line({ content: delta }, true, logprobs ? { logprobs: { content: logprobs, refusal: null } } : {}))
        }
        case 'response.refusal.delta':
          return delta === '' ? [] : say(line({ refusal: delta }, true))
        case 'response.reasoning_summary_text.delta':
        case 'response.reasoning_text.delta':
          return delta === '' ? [] : say(line({ reasoning_content: delta }, true))
        case 'response.output_item.added': {
          const { item } = event
          if (!isFields(item) || item.type !== 'function_call') return []
          const call = { index: calls.size, streamed: false }
          calls.set(event.output_index, call)
          const opening = {
            index: call.index,
            id: item.call_id,
            type: 'function',
            function: { name: item.name, arguments: '' },
          }
          return say(line({ tool_calls: [opening] }, true))
        }
        case 'response.function_call_arguments.delta': {
          const call = calls.get(event.output_index)
          return call === undefined || delta === '' ? [] : args(call, delta)
        }
        case 'response.function_call_arguments.done': {
          const call = calls.get(event.output_index)
          const whole = typeof event.arguments === 'string' ? event.arguments : ''
          return call === undefined || call.streamed || whole === '' ? [] : args(call, whole)
        }
        default:
          return []
      }
    },
    end(response, usage) {
      const lines = say(line({}, false, { finish_reason: finishReason(response, calls.size > 0) }))
      if (includeUsage && usage !== null) {
        lines.push({ data: JSON.stringify({ ...envelope, choices: [], usage: chatUsage(usage) }), content: false })
      }
      return lines
    },
  }
}

export function finishReason(response: Fields, hasCalls: boolean): FinishReason {
  const reason = isFields(response.incomplete_details) ? response.incomplete_details.reason : null
  if (response.status === 'incomplete') return reason === 'content_filter' ? 'content_filter' : 'length'
  return hasCalls ? 'tool_calls' : 'stop'
}
