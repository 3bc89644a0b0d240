import type { LanguageModelV4Content } from '@ai-sdk/provider'
import type { ChatCompletion } from '@switchyard/contract/openai-chat/chunk'
import type { Usage } from '@switchyard/contract/usage'
import type { AnswerMeta } from './answer-meta.ts'
import type { ChatFinish } from './finish-reason.ts'
import { imagePart } from './image-part.ts'
import { chatUsage } from './sdk-usage.ts'
import { thoughtSignature } from './thought-signature.ts'

/** A whole answer of the AI SDK as an `openai-chat` completion. */
export function encodeCompletion(
  meta: AnswerMeta,
  content: LanguageModelV4Content[],
  finish: ChatFinish,
  usage: Usage | null,
): ChatCompletion {
  let text = ''
  let reasoning = ''
  const images: object[] = []
  const toolCalls: NonNullable<ChatCompletion['choices'][number]['message']['tool_calls']> = []
  for (const part of content) {
    if (part.type === 'text') text += part.text
    else if (part.type === 'reasoning') reasoning += part.text
    else if (part.type === 'file') images.push(...[imagePart(part)].filter((image) => image !== null))
    else if (part.type === 'tool-call' && !part.providerExecuted) {
      toolCalls.push({
        id: part.toolCallId,
        type: 'function',
        function: { name: part.toolName, arguments: part.input },
        ...thoughtSignature(part.providerMetadata),
      })
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
          content: text === '' && toolCalls.length > 0 ? null : text,
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          refusal: null,
          ...(images.length === 0 ? {} : { images }),
          ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
        },
        ...finish,
        logprobs: null,
      },
    ],
    ...(usage === null ? {} : { usage: chatUsage(usage) }),
  }
}
