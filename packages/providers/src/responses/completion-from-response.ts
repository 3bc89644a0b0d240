import type { ChatCompletion } from '@switchyard/contract/openai-chat/chunk'
import type { Usage } from '@switchyard/contract/usage'
import type { AnswerMeta } from '../translated/answer-meta.ts'
import { chatUsage } from '../translated/sdk-usage.ts'
import { finishReason } from './encode-chunks.ts'
import { type Fields, isFields } from './read-response.ts'

/** A whole response as an `openai-chat` completion. */
export function completionFromResponse(meta: AnswerMeta, response: Fields, usage: Usage | null): ChatCompletion {
  let text = ''
  let refusal = ''
  let reasoning = ''
  const logprobs: unknown[] = []
  const calls: NonNullable<ChatCompletion['choices'][number]['message']['tool_calls']> = []
  for (const item of list(response.output)) {
    if (item.type === 'function_call') {
      const call = { name: String(item.name), arguments: String(item.arguments) }
      calls.push({ id: String(item.call_id), type: 'function', function: call })
    }
    for (const part of list(
      item.type === 'reasoning' ? [...list(item.summary), ...list(item.content)] : item.content,
    )) {
      if (item.type === 'reasoning') reasoning += String(part.text ?? '')
      else if (part.type === 'refusal') refusal += String(part.refusal ?? '')
      else if (part.type === 'output_text') text += String(part.text ?? '')
      if (Array.isArray(part.logprobs)) logprobs.push(...part.logprobs)
    }
  }
  const { id, created, model, ...rest } = meta
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    ...rest,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          refusal: refusal === '' ? null : refusal,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        finish_reason: finishReason(response, calls.length > 0),
        logprobs: logprobs.length === 0 ? null : { content: logprobs, refusal: null },
      },
    ],
    ...(usage === null ? {} : { usage: chatUsage(usage) }),
  }
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}
