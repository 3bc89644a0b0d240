import { z } from 'zod'
import { prompt_cache_breakpoint } from './chat-request.ts'

/**
 * The body of `POST /responses` as https://platform.openai.com/docs/api-reference/responses/create has it, as far as it is played
 * here: function tools, text, images. Everything is strict: what a broker forgets to strip shows.
 */
const id = z.string().nullish()
const status = z.enum(['in_progress', 'completed', 'incomplete']).nullish()
const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string(), prompt_cache_breakpoint })
const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(['auto', 'low', 'high', 'original']).nullish(),
  prompt_cache_breakpoint,
})
const inputFile = z.strictObject({
  type: z.literal('input_file'),
  file_data: z.string().nullish(),
  file_id: z.string().nullish(),
  file_url: z.string().nullish(),
  filename: z.string().nullish(),
  prompt_cache_breakpoint,
})
const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()).optional(),
  logprobs: z.array(z.unknown()).nullish(),
})
const refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })
const part = z.discriminatedUnion('type', [inputText, inputImage, inputFile, outputText, refusal])
export type ResponsePart = z.infer<typeof part>

const item = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message').optional(),
    id,
    status,
    phase: z.string().nullish(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.union([z.string(), z.array(part)]),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    id,
    status,
    call_id: z.string().min(1).max(64),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    type: z.literal('function_call_output'),
    id,
    status,
    call_id: z.string().min(1).max(64),
    output: z.union([z.string(), z.array(z.discriminatedUnion('type', [inputText, inputImage, inputFile]))]),
  }),
  z.strictObject({
    type: z.literal('reasoning'),
    id: z.string(),
    status,
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
    content: z.array(z.unknown()).nullish(),
    encrypted_content: z.string().nullish(),
  }),
])
export type ResponseItem = z.infer<typeof item>

const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)
const schema = z.record(z.string(), z.unknown())

export const responsesRequest = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(item)]),
  background: z.boolean().nullish(),
  conversation: z.unknown().optional(),
  include: z.array(z.enum(['reasoning.encrypted_content', 'message.output_text.logprobs'])).nullish(),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(16).nullish(),
  max_tool_calls: z.int().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_options: z
    .strictObject({
      mode: z.enum(['implicit', 'explicit']).optional(),
      ttl: z.enum(['30m', '12h']).optional(),
      comparison_response_id: z.string().nullish(),
      prewarm: z.boolean().optional(),
    })
    .optional(),
  prompt_cache_retention: z.string().nullish(),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
    })
    .nullish(),
  safety_identifier: z.string().nullish(),
  service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority']).nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  text: z
    .strictObject({
      format: z
        .discriminatedUnion('type', [
          z.strictObject({ type: z.literal('text') }),
          z.strictObject({ type: z.literal('json_object') }),
          z.strictObject({
            type: z.literal('json_schema'),
            name,
            schema,
            description: z.string().optional(),
            strict: z.boolean().nullish(),
          }),
        ])
        .nullish(),
      verbosity: z.enum(['low', 'medium', 'high']).nullish(),
    })
    .nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), name: z.string() }),
      z.strictObject({
        type: z.literal('allowed_tools'),
        mode: z.enum(['auto', 'required']),
        tools: z.array(z.strictObject({ type: z.literal('function'), name: z.string() })),
      }),
    ])
    .nullish(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name,
        description: z.string().nullish(),
        parameters: schema.nullable(),
        strict: z.boolean().nullish(),
      }),
    )
    .max(128)
    .nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  user: z.string().nullish(),
})
export type ResponsesRequest = z.infer<typeof responsesRequest>
