import type { ChatMessage, ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { PromptCacheBreakpoint } from '@switchyard/contract/prompt-cache'

type Fields = Record<string, unknown>

/**
 * A chat request as the Responses request that asks the same, for models that OpenAI serves there alone. Nothing is kept upstream,
 * and no summary of the reasoning is asked for: organisations that are not verified are refused for that.
 */
export function requestFromChat(
  request: ChatRequest,
  rewrite: { model: string; stream: boolean; drop: readonly string[]; maxOutput: number | null },
): Fields {
  const kept = new Set(Object.keys(request).filter((name) => !rewrite.drop.includes(name)))
  const take = <K extends keyof ChatRequest>(name: K): ChatRequest[K] | undefined =>
    kept.has(String(name)) ? (request[name] ?? undefined) : undefined
  const wanted = take('max_completion_tokens') ?? take('max_tokens')
  const effort = take('reasoning_effort')
  const text = { ...textFormat(take('response_format')), ...given('verbosity', take('verbosity')) }
  const logprobs = take('logprobs')
  return {
    model: rewrite.model,
    input: request.messages.flatMap(inputItems),
    store: false,
    ...(rewrite.stream ? { stream: true } : {}),
    ...given(
      'max_output_tokens',
      typeof wanted === 'number' && rewrite.maxOutput !== null ? Math.min(wanted, rewrite.maxOutput) : wanted,
    ),
    ...given('temperature', take('temperature')),
    ...given('top_p', take('top_p')),
    ...given('tools', take('tools')?.map(flatTool)),
    ...given('tool_choice', flatChoice(take('tool_choice'))),
    ...given('parallel_tool_calls', take('parallel_tool_calls')),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...(effort === undefined ? {} : { reasoning: { effort } }),
    ...(logprobs ? { include: ['message.output_text.logprobs'], top_logprobs: take('top_logprobs') ?? 0 } : {}),
    ...given('service_tier', take('service_tier')),
    ...given('user', take('user')),
    ...given('safety_identifier', take('safety_identifier')),
    ...given('prompt_cache_key', take('prompt_cache_key')),
    ...given('prompt_cache_options', take('prompt_cache_options')),
    ...given('prompt_cache_retention', take('prompt_cache_retention')),
  }
}

function inputItems(message: ChatMessage): Fields[] {
  switch (message.role) {
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.tool_call_id, output: textOf(message.content) }]
    case 'assistant': {
      const parts = assistantParts(message)
      const calls = (message.tool_calls ?? []).map(({ id, function: call }) => ({
        type: 'function_call',
        call_id: id,
        name: call.name,
        arguments: call.arguments,
      }))
      return parts.length === 0 ? calls : [{ role: 'assistant', content: parts }, ...calls]
    }
    case 'user':
      return [
        {
          role: 'user',
          content: typeof message.content === 'string' ? message.content : message.content.map(inputPart),
        },
      ]
    default:
      return [{ role: message.role, content: textOf(message.content) }]
  }
}

function assistantParts({ content, refusal }: Extract<ChatMessage, { role: 'assistant' }>): Fields[] {
  const parts =
    typeof content === 'string' ? (content === '' ? [] : [{ type: 'text' as const, text: content }]) : (content ?? [])
  return [
    ...parts.map((part) => (part.type === 'text' ? { type: 'output_text', text: part.text } : part)),
    ...(refusal ? [{ type: 'refusal', refusal }] : []),
  ]
}

type UserPart = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number]

function inputPart(part: UserPart): Fields {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text, ...markOf(part) }
    case 'image_url':
      return {
        type: 'input_image',
        image_url: part.image_url.url,
        detail: part.image_url.detail ?? 'auto',
        ...markOf(part),
      }
    case 'file':
      return { type: 'input_file', ...part.file, ...markOf(part) }
    case 'input_audio':
      // Planning keeps audio away from this API; the upstream says so should it come all the same.
      return { ...part }
  }
}

type Marked = { prompt_cache_breakpoint?: PromptCacheBreakpoint | null | undefined }

function markOf({ prompt_cache_breakpoint: mark }: Marked): Fields {
  return mark ? { prompt_cache_breakpoint: mark } : {}
}

/** One text, or its parts where one of them carries a breakpoint. */
function textOf(content: string | ({ text: string } & Marked)[]): string | Fields[] {
  if (typeof content === 'string') return content
  return content.some((part) => part.prompt_cache_breakpoint)
    ? content.map((part) => ({ type: 'input_text', text: part.text, ...markOf(part) }))
    : content.map(({ text }) => text).join('\n')
}

/** Chat tools are lax by default, those of Responses strict. */
function flatTool({ function: tool }: NonNullable<ChatRequest['tools']>[number]): Fields {
  return { type: 'function', ...tool, parameters: tool.parameters ?? null, strict: tool.strict ?? false }
}

function flatChoice(choice: ChatRequest['tool_choice']): unknown {
  return typeof choice === 'object' ? { type: 'function', name: choice.function.name } : choice
}

function textFormat(format: ChatRequest['response_format']): Fields {
  if (format === undefined || format.type === 'text') return {}
  return {
    format: format.type === 'json_schema' ? { type: format.type, ...format.json_schema } : { type: format.type },
  }
}

function given(name: string, value: unknown): Fields {
  return value === undefined || value === null ? {} : { [name]: value }
}
