import { BrokerError } from '../broker-error.ts'
import type { ChatMessage, ChatRequest } from '../openai-chat/request.ts'
import { decodeInput } from './decode-input.ts'
import type { ResponsesRequest } from './request.ts'

/** A Responses request in the words of chat completions, and where each message came from: `messages[k]` is `places[k]`. */
export interface AsChat {
  request: ChatRequest
  places: string[]
}

const LOGPROBS = 'message.output_text.logprobs'

/**
 * What a response asks, as the chat request that asks the same. Throws `unsupported_parameter` for what chat completions cannot
 * say. Reasoning items are left out: what one model thought means nothing to another. What only the broker honours (`store`,
 * `background`, `metadata`, `previous_response_id`) is not among it.
 */
export function toChatRequest(request: ResponsesRequest): AsChat {
  const { messages, places } = decodeInput(request)
  const { tools, choice } = decodeTools(request)
  const format = request.text?.format
  const logprobs = (request.top_logprobs ?? 0) > 0 || request.include?.includes(LOGPROBS) === true
  return {
    places,
    request: {
      model: request.model,
      messages: messages as ChatMessage[],
      ...given('temperature', request.temperature),
      ...given('top_p', request.top_p),
      ...given('max_completion_tokens', request.max_output_tokens),
      ...(tools.length === 0 ? {} : { tools, ...given('tool_choice', choice) }),
      ...(tools.length === 0 ? {} : given('parallel_tool_calls', request.parallel_tool_calls)),
      ...(format === undefined || format === null || format.type === 'text'
        ? {}
        : { response_format: chatFormat(format) }),
      ...given('reasoning_effort', request.reasoning?.effort),
      ...given('verbosity', request.text?.verbosity),
      ...(logprobs ? { logprobs: true, top_logprobs: request.top_logprobs ?? 0 } : {}),
      ...given('service_tier', request.service_tier),
      ...given('prompt_cache_key', request.prompt_cache_key),
      ...given('prompt_cache_options', chatCacheOptions(request.prompt_cache_options)),
      ...given('prompt_cache_retention', request.prompt_cache_retention),
      ...given('safety_identifier', request.safety_identifier),
      ...given('user', request.user),
    },
  }
}

function given<K extends string, V>(key: K, value: V | null | undefined): Partial<Record<K, V>> {
  return value === null || value === undefined ? {} : ({ [key]: value } as Record<K, V>)
}

function chatFormat(
  format: NonNullable<NonNullable<ResponsesRequest['text']>['format']>,
): ChatRequest['response_format'] {
  if (format.type !== 'json_schema') return { type: format.type }
  const { type, ...schema } = format
  return { type, json_schema: schema as { name: string } }
}

/**
 * What both dialects can say. A lifetime of 12 hours, which a chat request can't ask for as a whole, is left to whoever honours it
 * (planning reports it by its name); at least half an hour is what remains of it.
 */
function chatCacheOptions(options: ResponsesRequest['prompt_cache_options']): ChatRequest['prompt_cache_options'] {
  if (!options) return undefined
  return { ...given('mode', options.mode), ...(options.ttl === undefined ? {} : { ttl: '30m' }) }
}

type ChatTools = NonNullable<ChatRequest['tools']>

/** `allowed_tools` are offered alone, which is what chat completions have for it. */
function decodeTools(request: ResponsesRequest): { tools: ChatTools; choice: ChatRequest['tool_choice'] | null } {
  const wanted = request.tool_choice
  const isAllowed = typeof wanted === 'object' && wanted?.type === 'allowed_tools'
  const names = isAllowed ? new Set(wanted.tools.map(({ name }) => name)) : null
  const all = request.tools ?? []
  const unknown = names && [...names].find((name) => !all.some((tool) => tool.name === name))
  if (unknown) {
    throw new BrokerError(
      'invalid_value',
      "Invalid value for 'tool_choice.tools': it names a tool that is not in tools.",
      {
        param: 'tool_choice.tools',
      },
    )
  }
  const tools = all
    .filter(({ name }) => names === null || names.has(name))
    .map(({ name, description, parameters, strict }) => ({
      type: 'function' as const,
      function: {
        name,
        ...given('description', description),
        ...given('parameters', parameters),
        ...given('strict', strict),
      },
    }))
  if (isAllowed) return { tools, choice: wanted.mode }
  if (typeof wanted === 'object' && wanted !== null) {
    return { tools, choice: { type: 'function', function: { name: (wanted as { name: string }).name } } }
  }
  return { tools, choice: wanted ?? null }
}
