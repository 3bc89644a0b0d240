import type { JSONSchema7, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { ProviderKind } from '../provider-kind.ts'

/** Any JSON object. Anthropic has no JSON mode of its own; with this schema the answer is made by a tool call, hence an object. */
const ANY_OBJECT: JSONSchema7 = {
  type: 'object',
  description: 'The whole answer, with the fields that the messages ask for.',
  additionalProperties: true,
}

/** `text` is what happens anyway. */
export function decodeResponseFormat(
  kind: ProviderKind,
  format: ChatRequest['response_format'],
): LanguageModelV4CallOptions['responseFormat'] {
  if (format === undefined || format.type === 'text') return undefined
  const given = format.type === 'json_schema' ? format.json_schema : undefined
  const schema = (given?.schema as JSONSchema7 | undefined) ?? (kind === 'anthropic' ? ANY_OBJECT : undefined)
  return {
    type: 'json',
    ...(schema === undefined ? {} : { schema }),
    ...(given === undefined ? {} : { name: given.name }),
    ...(given?.description === undefined ? {} : { description: given.description }),
  }
}
