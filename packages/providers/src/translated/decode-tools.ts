import type { JSONSchema7, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { CacheControl } from '../prompt-cache/anthropic-marks.ts'
import { cacheOptions } from './cache-options.ts'

/** A function without parameters takes an empty object. */
const NO_PARAMETERS: JSONSchema7 = { type: 'object', properties: {} }

/** `mark`: for the prompt cache, at the end of them all. */
export function decodeTools(
  tools: ChatRequest['tools'],
  mark: CacheControl | null,
): LanguageModelV4CallOptions['tools'] {
  if (tools === undefined || tools.length === 0) return undefined
  return tools.map(({ function: tool }, i) => ({
    type: 'function',
    name: tool.name,
    description: tool.description,
    inputSchema: (tool.parameters as JSONSchema7 | undefined) ?? NO_PARAMETERS,
    ...(tool.strict === true ? { strict: true } : {}),
    ...cacheOptions(i === tools.length - 1 ? mark : null),
  }))
}

/** Without tools there is nothing to choose, and providers refuse a choice. */
export function decodeToolChoice(
  choice: ChatRequest['tool_choice'],
  tools: ChatRequest['tools'],
): LanguageModelV4CallOptions['toolChoice'] {
  if (choice === undefined || tools === undefined || tools.length === 0) return undefined
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', toolName: choice.function.name }
}
