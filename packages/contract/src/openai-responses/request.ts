import { z } from 'zod'
import { promptCacheBreakpoint, promptCacheKey, promptCacheRetention, responsesCacheOptions } from '../prompt-cache.ts'
import { switchyardOptions } from '../switchyard-options.ts'

/**
 * A Responses request (https://platform.openai.com/docs/api-reference/responses/create). Known fields are checked, unknown ones
 * kept: a provider of the same dialect may know them.
 */

const prompt_cache_breakpoint = promptCacheBreakpoint.nullish()
const inputText = z.looseObject({ type: z.literal('input_text'), text: z.string(), prompt_cache_breakpoint })
const inputImage = z.looseObject({
  type: z.literal('input_image'),
  image_url: z.string().min(1).nullish(),
  file_id: z.string().min(1).nullish(),
  detail: z.enum(['auto', 'low', 'high', 'original']).nullish(),
  prompt_cache_breakpoint,
})
const inputFile = z.looseObject({
  type: z.literal('input_file'),
  file_data: z.string().nullish(),
  file_id: z.string().min(1).nullish(),
  file_url: z.string().min(1).nullish(),
  filename: z.string().nullish(),
  prompt_cache_breakpoint,
})
const outputText = z.looseObject({ type: z.literal('output_text'), text: z.string() })
const refusal = z.looseObject({ type: z.literal('refusal'), refusal: z.string() })
const messagePart = z.discriminatedUnion('type', [inputText, inputImage, inputFile, outputText, refusal])
export type MessagePart = z.infer<typeof messagePart>

const id = z.string().min(1).max(256).nullish()
const callId = z.string().min(1).max(256)
const message = z.looseObject({
  type: z.literal('message').optional(),
  id,
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([z.string(), z.array(messagePart)]),
})
const functionCall = z.looseObject({
  type: z.literal('function_call'),
  id,
  call_id: callId,
  name: z.string().min(1),
  arguments: z.string(),
})
const functionCallOutput = z.looseObject({
  type: z.literal('function_call_output'),
  id,
  call_id: callId,
  output: z.union([z.string(), z.array(z.discriminatedUnion('type', [inputText, inputImage, inputFile]))]),
})
const reasoningItem = z.looseObject({
  type: z.literal('reasoning'),
  id,
  summary: z.array(z.looseObject({ type: z.string(), text: z.string() })).optional(),
  encrypted_content: z.string().nullish(),
})
export const inputItem = z.discriminatedUnion('type', [message, functionCall, functionCallOutput, reasoningItem])
export type InputItem = z.infer<typeof inputItem>
/** Anything else is an item of a tool that OpenAI runs itself. */
export const INPUT_ITEM_TYPES: ReadonlySet<string> = new Set([
  'message',
  'function_call',
  'function_call_output',
  'reasoning',
])

const toolName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 of a-z, A-Z, 0-9, _ and -')
const functionTool = z.looseObject({
  type: z.literal('function'),
  name: toolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
})

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({ type: z.literal('function'), name: z.string().min(1) }),
  z.looseObject({
    type: z.literal('allowed_tools'),
    mode: z.enum(['auto', 'required']),
    tools: z.array(z.looseObject({ type: z.literal('function'), name: z.string().min(1) })).min(1),
  }),
])

const textFormat = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    name: toolName,
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish(),
  }),
])

const metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs')

/** As many as a chat request may have messages: what a model can hold is far less. */
const MAX_ITEMS = 10_000

export const responsesRequest = z.looseObject({
  model: z.string().min(1).max(256),
  input: z.union([z.string(), z.array(inputItem).min(1).max(MAX_ITEMS)]),
  instructions: z.string().nullish(),
  previous_response_id: z.string().min(1).max(256).nullish(),
  background: z.boolean().nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_obfuscation: z.boolean().optional() }).nullish(),
  include: z.array(z.string().max(128)).max(32).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  max_output_tokens: z.int().min(1).max(10_000_000).nullish(),
  max_tool_calls: z.int().min(1).nullish(),
  tools: z.array(functionTool).max(512).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z
    .looseObject({ format: textFormat.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() })
    .nullish(),
  reasoning: z
    .looseObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
    })
    .nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority']).nullish(),
  prompt_cache_key: promptCacheKey.nullish(),
  prompt_cache_options: responsesCacheOptions.nullish(),
  prompt_cache_retention: promptCacheRetention.nullish(),
  safety_identifier: z.string().max(512).nullish(),
  user: z.string().max(512).nullish(),
  metadata: metadata.nullish(),
  switchyard: switchyardOptions.optional(),
})
export type ResponsesRequest = z.infer<typeof responsesRequest>
