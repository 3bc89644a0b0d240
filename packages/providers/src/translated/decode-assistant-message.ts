import type { LanguageModelV4Message } from '@ai-sdk/provider'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { CacheControl } from '../prompt-cache/anthropic-marks.ts'
import { cacheOptions } from './cache-options.ts'

type AssistantMessage = Extract<ChatMessage, { role: 'assistant' }>
type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content']

/**
 * An earlier answer of the model. Refusals are its words as well. Arguments of a tool call must be a JSON object, because both
 * providers want them parsed. `extra_content.google.thought_signature` is how Google's own OpenAI endpoint lets a client give
 * a signature back; it is used where it is, and not missed where it is not.
 */
export function decodeAssistantMessage(
  message: AssistantMessage,
  path: string,
  markAt: (part: number | null) => CacheControl | null,
): AssistantContent {
  const content: AssistantContent = []
  const push = (text: string | null | undefined, mark: CacheControl | null = null) => {
    if (text) content.push({ type: 'text', text, ...cacheOptions(mark) })
  }
  if (typeof message.content === 'string') push(message.content, markAt(null))
  else for (const [i, part] of (message.content ?? []).entries()) push(textOf(part), markAt(i))
  push(message.refusal)

  message.tool_calls?.forEach((call, i) => {
    const thoughtSignature = signatureOf(call)
    content.push({
      type: 'tool-call',
      toolCallId: call.id,
      toolName: call.function.name,
      input: parseArguments(call.function.arguments, `${path}.tool_calls[${i}].function.arguments`),
      ...(thoughtSignature === null ? {} : { providerOptions: { google: { thoughtSignature } } }),
    })
  })
  return content
}

function textOf(part: Exclude<NonNullable<AssistantMessage['content']>, string>[number]): string {
  return part.type === 'text' ? part.text : part.refusal
}

function parseArguments(text: string, param: string): object {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Said below, in the same words.
  }
  throw new BrokerError('invalid_value', `Invalid '${param}': must be a JSON object.`, { param })
}

function signatureOf(call: object): string | null {
  const extra = 'extra_content' in call ? call.extra_content : undefined
  const google = isRecord(extra) ? extra.google : undefined
  const signature = isRecord(google) ? google.thought_signature : undefined
  return typeof signature === 'string' ? signature : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
