import type { LanguageModelV4CallOptions } from '@ai-sdk/provider'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { ChatCall } from '../chat-call.ts'
import { type AnthropicMarks, anthropicMarks, NO_MARKS } from '../prompt-cache/anthropic-marks.ts'
import { BREAKPOINT_PARAMETER } from '../prompt-cache/cache-rewrite.ts'
import type { ProviderKind } from '../provider-kind.ts'
import { checkParameters } from './check-parameters.ts'
import { decodeMessages } from './decode-messages.ts'
import { decodeResponseFormat } from './decode-response-format.ts'
import { decodeToolChoice, decodeTools } from './decode-tools.ts'
import type { UrlCheck } from './decode-user-part.ts'
import { reasoningOptions } from './reasoning-options.ts'

export interface DecodedRequest {
  options: LanguageModelV4CallOptions
  /** Parameters that are left out and have no influence on the answer, or none that this model could give them. */
  dropped: string[]
}

/**
 * A client's chat request in the common language of the AI SDK's providers (provider spec v4). Throws a `BrokerError` naming
 * the parameter that cannot be translated; nothing is lost silently.
 */
export function decodeRequest(
  call: ChatCall,
  kind: Exclude<ProviderKind, 'openai'>,
  acceptsUrl: UrlCheck,
): DecodedRequest {
  const { model, maxOutput } = call.upstream
  const request = withoutDropped(call)
  const dropped = checkParameters(kind, request)
  const wanted = request.max_completion_tokens ?? request.max_tokens ?? maxOutput ?? undefined
  // More than the deployment can say is no wish that it could fulfil; providers differ only in whether they forgive it.
  const most = wanted === undefined || maxOutput === null ? wanted : Math.min(wanted, maxOutput)
  const reasoning = reasoningOptions(kind, model, request.reasoning_effort ?? undefined, most)
  const marks = kind === 'anthropic' ? marksOf(call, request) : NO_MARKS
  const prompt = decodeMessages(request.messages, kind, acceptsUrl, marks)
  if (call.prefill !== null) prompt.push({ role: 'assistant', content: [{ type: 'text', text: call.prefill }] })

  const options: LanguageModelV4CallOptions = {
    prompt,
    abortSignal: call.signal,
    maxOutputTokens: reasoning.maxOutputTokens,
    temperature: request.temperature ?? undefined,
    topP: request.top_p ?? undefined,
    stopSequences: typeof request.stop === 'string' ? [request.stop] : (request.stop ?? undefined),
    responseFormat: decodeResponseFormat(kind, request.response_format),
    tools: decodeTools(request.tools, marks.tools),
    toolChoice: decodeToolChoice(request.tool_choice, request.tools),
    reasoning: reasoning.level,
    providerOptions: {
      [kind]: {
        ...reasoning.providerOptions,
        ...(kind === 'anthropic' ? anthropicOptions(request) : {}),
      },
    },
    ...(kind === 'google'
      ? {
          seed: request.seed ?? undefined,
          frequencyPenalty: request.frequency_penalty ?? undefined,
          presencePenalty: request.presence_penalty ?? undefined,
        }
      : {}),
  }
  return { options, dropped: [...dropped, ...reasoning.dropped] }
}

function marksOf({ promptCache, upstream, drop }: ChatCall, request: ChatRequest): AnthropicMarks {
  // The operator's word: this deployment takes none.
  if (drop.includes(BREAKPOINT_PARAMETER) || upstream.promptCache.mode !== 'breakpoints') return NO_MARKS
  return anthropicMarks(request, promptCache?.ends ?? [], upstream.promptCache.minTokens)
}

/** Tool arguments are not sent before they are well-formed (`toolStreaming`): a client parses what it is given. */
function anthropicOptions(request: ChatRequest) {
  return {
    toolStreaming: false,
    ...(request.parallel_tool_calls === false ? { disableParallelToolUse: true } : {}),
    ...(request.user === undefined ? {} : { metadata: { userId: request.user } }),
  }
}

/** The body was checked when it was accepted (`contract/openai-chat/request`), so only its being JSON is in doubt here. */
function withoutDropped(call: ChatCall): ChatRequest {
  let body: Record<string, unknown>
  try {
    body = JSON.parse(call.body.toString('utf8'))
  } catch (cause) {
    throw new BrokerError('invalid_json', 'The request body is not valid JSON.', { cause })
  }
  for (const parameter of call.drop) delete body[parameter]
  return body as ChatRequest
}
