import { BrokerError } from '@switchyard/contract/broker-error'
import type { Unsupported } from '@switchyard/contract/job'
import { CAPABILITIES, type Capability } from './capabilities.ts'
import type { Deployment } from './catalog.ts'
import { BETWEEN_OPENAI, CACHE_MARKS, HINTS, KIND_FACTS, LONG_BREAKPOINT, LONG_OPTIONS } from './kind-capabilities.ts'
import type { Needs } from './needs.ts'

/** Whether a deployment can serve a request: with which parameters left out, or why not (the caller's 400 if nobody else can). */
export type Assessment = { fits: true; drop: string[] } | { fits: false; error: BrokerError }

/**
 * Token counts are estimates and may be too high by half, and refusing a prompt that fits is worse than asking a model that
 * refuses it (its refusal falls back to a larger window). So only what is surely too long is left out here.
 */
const SURE = 0.75

/** Parameters that stand for a capability of the model. */
const CAPABILITY_OF: Readonly<Record<string, Capability>> = {
  tools: 'tools',
  tool_choice: 'tools',
  logprobs: 'logprobs',
  top_logprobs: 'logprobs',
  reasoning_effort: 'reasoning',
  modalities: 'audio',
}

export function assessDeployment(deployment: Deployment, needs: Needs, unsupported: Unsupported | null): Assessment {
  if (!deployment.capabilities.chat) {
    return no('model_not_found', 'model', `${named(deployment)} does not serve chat completions.`)
  }

  // Content is never dropped: an answer to half a question is wrong, not poorer.
  const unread = CAPABILITIES.find((key) => needs.inMessages[key] !== undefined && !canRead(deployment, key))
  if (unread !== undefined) {
    return no(
      'unsupported_parameter',
      needs.inMessages[unread]!,
      `${named(deployment)} can't take ${CONTENT[unread] ?? unread}.`,
    )
  }

  const drop: string[] = []
  for (const parameter of needs.parameters) {
    if (honours(deployment, parameter, needs)) continue
    const rule = unsupported ?? (HINTS.has(parameter) ? 'warn' : 'strict')
    if (rule === 'strict') {
      return no(
        'unsupported_parameter',
        parameter === 'prompt_cache_breakpoint' ? (needs.firstBreakpoint ?? parameter) : parameter,
        `${named(deployment)} does not support ${describe(parameter, needs)}.`,
      )
    }
    drop.push(parameter)
  }

  return sizeProblem(deployment, needs) ?? { fits: true, drop }
}

function canRead(deployment: Deployment, capability: Capability): boolean {
  // A compatible server takes a last assistant message as history, whether or not it continues it.
  if (capability === 'prefill' && deployment.provider.kind === 'openai') return true
  return deployment.capabilities[capability]
}

function honours(deployment: Deployment, parameter: string, needs: Needs): boolean {
  if (deployment.unsupported.includes(parameter)) return false
  if (parameter === 'response_format') {
    return deployment.capabilities[needs.jsonSchema ? 'jsonSchema' : 'jsonObject']
  }
  // Calling tools side by side is what models do; only forbidding it has to be carried to them.
  if (parameter === 'parallel_tool_calls' && needs.parallelTools) return deployment.capabilities.parallelTools
  const capability = CAPABILITY_OF[parameter]
  if (capability !== undefined) return deployment.capabilities[capability]
  const { kind } = deployment.provider
  if (CACHE_MARKS.includes(parameter)) return deployment.promptCache.mode === 'breakpoints'
  // Of marks that are not taken at all, their lifetime needs no word of its own.
  if (parameter === LONG_BREAKPOINT || parameter === LONG_OPTIONS) return kind !== 'anthropic'
  const passesThrough = (deployment.api === 'responses') === (needs.responses === true)
  const carried = kind === 'openai' && !passesThrough ? BETWEEN_OPENAI : KIND_FACTS[kind].honours
  return carried === 'all' || carried.has(parameter)
}

function sizeProblem(deployment: Deployment, needs: Needs): Assessment | null {
  const { contextWindow, maxOutput } = deployment
  const output = needs.maxOutputTokens
  if (maxOutput !== null && output !== null && output > maxOutput) {
    const parameter = needs.parameters.includes('max_completion_tokens') ? 'max_completion_tokens' : 'max_tokens'
    return no(
      'invalid_value',
      parameter,
      `${named(deployment)} writes at most ${maxOutput} tokens, ${output} were asked for.`,
    )
  }
  if (contextWindow !== null && needs.inputTokens * SURE + (output ?? 0) > contextWindow) {
    const asked = output === null ? '' : ` and ${output} for the answer`
    const message = `${named(deployment)} has a context window of ${contextWindow} tokens; the messages need about ${needs.inputTokens}${asked}.`
    return no('context_length_exceeded', 'messages', message)
  }
  return null
}

const CONTENT: Partial<Record<Capability, string>> = {
  tools: 'tool calls and their results',
  imageUrls: 'images by URL',
  fileIds: 'files by id',
  prefill: 'a last message by the assistant',
}

function describe(parameter: string, needs: Needs): string {
  if (parameter !== 'response_format') return parameter
  return needs.jsonSchema ? 'response_format with a JSON schema' : 'response_format json_object'
}

function named(deployment: Deployment): string {
  return `The deployment ${deployment.name} (${deployment.model})`
}

function no(
  code: 'model_not_found' | 'unsupported_parameter' | 'invalid_value' | 'context_length_exceeded',
  param: string,
  message: string,
): Assessment {
  return { fits: false, error: new BrokerError(code, message, { param }) }
}
