import { LONG_OPTIONS } from '@switchyard/catalog/kind-capabilities'
import { needsOf } from '@switchyard/catalog/needs'
import { BrokerError } from '@switchyard/contract/broker-error'
import { readJson } from '@switchyard/contract/json/read-json'
import { inResponsesWords, responsesName } from '@switchyard/contract/openai-responses/parameter-names'
import {
  INPUT_ITEM_TYPES,
  type ResponsesRequest,
  responsesRequest,
} from '@switchyard/contract/openai-responses/request'
import { type AsChat, toChatRequest } from '@switchyard/contract/openai-responses/to-chat-request'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'
import { answerDigest } from '../chat/answer-digest.ts'
import type { ChatIntake } from '../chat/read-chat-request.ts'
import { refuseParameters } from '../chat/refused-parameters.ts'
import { requestProblem } from '../chat/request-problem.ts'
import { readCacheIntake } from '../prompt-cache/read-cache-intake.ts'

/** Checks the body of a Responses request from its bytes on. Throws the `BrokerError` that its sender is to see. */
export function readResponsesRequest(bytes: Buffer): ChatIntake {
  const body = readJson(bytes)
  refuseForeignTypes(body)
  const parsed = responsesRequest.safeParse(body)
  if (!parsed.success) throw requestProblem(parsed.error, body)
  const request = parsed.data
  refuseParameters(request)
  refuseUnserved(request)
  const options = request.switchyard ?? {}
  if (options.on_break === 'continue') {
    throw unsupported('switchyard.on_break', 'a response that broke off can be started over, not continued')
  }
  const background = request.background === true
  const store = request.store !== false
  if (background && !store) {
    throw new BrokerError('invalid_value', "Background responses need to be stored: 'store' must be true.", {
      param: 'store',
    })
  }
  return {
    model: request.model,
    stream: request.stream === true,
    includeUsage: false,
    flex: request.service_tier === 'flex',
    metadata: request.metadata ?? {},
    options,
    ...readAsChat(request, options),
    response: { store, background, previousResponseId: request.previous_response_id ?? null },
    ...(options.cache === 'exact' ? { digest: answerDigest('/v1/responses', request, options) } : {}),
  }
}

/** What is computed over chat requests, with the places of this one. */
function readAsChat(request: ResponsesRequest, options: SwitchyardOptions): Pick<ChatIntake, 'needs' | 'promptCache'> {
  let asChat: AsChat
  try {
    asChat = toChatRequest(request)
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    throw new BrokerError(
      error.code,
      inResponsesWords(error.message),
      error.param === null ? {} : { param: error.param },
    )
  }
  const needs = needsOf(asChat.request)
  const cache = readCacheIntake(asChat.request, options, needs)
  const own: ChatIntake['needs'] = {
    ...needs,
    responses: true,
    parameters: [...needs.parameters, ...otherParameters(request), ...cacheParameters(request)],
    inMessages: Object.fromEntries(
      Object.entries(needs.inMessages).map(([capability, path]) => [capability, responsesName(path, asChat.places)]),
    ),
    ...(needs.firstBreakpoint === undefined
      ? {}
      : { firstBreakpoint: responsesName(needs.firstBreakpoint, asChat.places) }),
  }
  return { needs: own, ...cache }
}

/** Names that the translation carries, that the broker honours itself, or that ask for nothing. */
const ACCOUNTED_FOR = new Set([
  'model',
  'input',
  'instructions',
  'previous_response_id',
  'background',
  'store',
  'stream',
  'stream_options',
  'include',
  'temperature',
  'top_p',
  'top_logprobs',
  'max_output_tokens',
  'max_tool_calls',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'reasoning',
  'service_tier',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'user',
  'metadata',
  'switchyard',
])

/** What only a deployment of the same dialect can be given. */
function otherParameters(request: ResponsesRequest): string[] {
  return Object.keys(request).filter((name) => {
    const value = request[name]
    if (ACCOUNTED_FOR.has(name) || value === null || value === undefined) return false
    return name !== 'truncation' || value !== 'disabled'
  })
}

/** Of the prompt cache's options what a chat request has no words for. */
function cacheParameters({ prompt_cache_options: options }: ResponsesRequest): string[] {
  return [
    ...(options?.ttl === '12h' ? [LONG_OPTIONS] : []),
    ...(options?.prewarm === true ? ['prompt_cache_options.prewarm'] : []),
    ...(options?.comparison_response_id ? ['prompt_cache_options.comparison_response_id'] : []),
  ]
}

/** Tools and items of tools that OpenAI runs itself, told by their place before the shape is judged. */
function refuseForeignTypes(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const { tools, input } = body as { tools?: unknown; input?: unknown }
  for (const [index, type] of typesOf(tools)) {
    if (type !== 'function') throw unsupported(`tools[${index}].type`, 'only tools of type function are served')
  }
  for (const [index, type] of typesOf(input)) {
    if (!INPUT_ITEM_TYPES.has(type)) throw unsupported(`input[${index}].type`, 'items of this type are not served')
  }
}

function typesOf(list: unknown): [number, string][] {
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: unknown, index): [number, string][] => {
    const type = typeof entry === 'object' && entry !== null && 'type' in entry ? entry.type : undefined
    return typeof type === 'string' ? [[index, type]] : []
  })
}

/** Things that OpenAI keeps for its callers and we don't. */
function refuseUnserved(request: ResponsesRequest): void {
  if (request.conversation) throw unsupported('conversation', 'chain responses by previous_response_id')
  if (request.prompt) throw unsupported('prompt', 'stored prompts are not served')
}

function unsupported(param: string, why: string): BrokerError {
  return new BrokerError('unsupported_parameter', `Unsupported parameter: '${param}': ${why}.`, { param })
}
