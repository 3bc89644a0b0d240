import { strictSchemaProblem } from '../problem/strict-schema-problem.ts'
import { checkCacheMarks } from './cached-prompt.ts'
import { checkTurns } from './check-turns.ts'
import type { MessagesRequest } from './messages-request.ts'
import { type ClaudeTraits, claudeTraits } from './model-traits.ts'

const NUMBER_KEYWORDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']
const FORMAT_RULES = {
  allRequired: false,
  refused: {
    number: NUMBER_KEYWORDS,
    integer: NUMBER_KEYWORDS,
    string: ['minLength', 'maxLength'],
    array: ['maxItems', 'uniqueItems'],
    object: ['minProperties', 'maxProperties'],
  },
}

/**
 * What the API checks once the shape is right: parameters against the model, then the turns. The complaint as text, or null.
 *
 * @param refuses what the control API says instead of the real traits
 */
export function checkMessages(request: MessagesRequest, refuses: string[] | null): string | null {
  const traits = claudeTraits(request.model)
  return (
    checkParameters(request, traits, refuses) ??
    checkThinking(request, traits) ??
    checkFormat(request, traits) ??
    checkCacheMarks(request) ??
    checkTurns(request.messages, refuses === null && !traits.prefill)
  )
}

function checkParameters(request: MessagesRequest, traits: ClaudeTraits, refuses: string[] | null): string | null {
  const { model, max_tokens, temperature, top_p, tool_choice: choice, tools = [] } = request
  if (max_tokens > traits.maxOutput) {
    return `max_tokens: ${max_tokens} > ${traits.maxOutput}, which is the maximum allowed number of output tokens for ${model}`
  }
  const sampling = ['temperature', 'top_p', 'top_k']
  const names = refuses ?? (traits.sampling ? [] : sampling)
  const refused = names.find((name) => Reflect.get(request, name) !== undefined)
  if (refused !== undefined) {
    return sampling.includes(refused)
      ? `\`${refused}\` is deprecated for this model.`
      : `${refused}: This model does not support this parameter.`
  }
  if (temperature !== undefined && top_p !== undefined && !model.startsWith('claude-3-')) {
    return '`temperature` and `top_p` cannot both be specified for this model. Please use only one.'
  }
  if (choice !== undefined && tools.length === 0 && choice.type !== 'none') {
    return 'tool_choice: may only be specified while providing tools'
  }
  if (choice?.type === 'tool' && !tools.some((tool) => tool.name === choice.name)) {
    return `tool_choice: Tool '${choice.name}' not found in provided tools`
  }
  if ((choice?.type === 'any' || choice?.type === 'tool') && !traits.forcedTools) {
    return `tool_choice: '${choice.type}' is not supported for this model.`
  }
  const names_ = tools.map((tool) => tool.name)
  return new Set(names_).size < names_.length ? 'tools: Tool names must be unique.' : null
}

function checkThinking({ thinking, max_tokens, temperature, tool_choice }: MessagesRequest, traits: ClaudeTraits) {
  if (thinking === undefined) return null
  if (thinking.type === 'disabled') {
    return traits.thinkingOff ? null : '"thinking.type.disabled" is not supported for this model.'
  }
  if (thinking.type === 'adaptive' && !traits.adaptiveThinking) {
    return 'adaptive thinking is not supported on this model'
  }
  if (thinking.type !== 'enabled') return null
  if (!traits.budgetThinking) {
    return '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
  }
  if (thinking.budget_tokens >= max_tokens) return '`max_tokens` must be greater than `thinking.budget_tokens`.'
  if (temperature !== undefined && temperature !== 1) {
    return '`temperature` may only be set to 1 when thinking is enabled.'
  }
  if (tool_choice?.type === 'any' || tool_choice?.type === 'tool') {
    return 'Thinking may not be enabled when tool_choice forces tool use.'
  }
  return null
}

function checkFormat({ output_config, model }: MessagesRequest, traits: ClaudeTraits): string | null {
  const format = output_config?.format
  if (format === undefined || format === null) return null
  if (!traits.structuredOutput) return `'${model}' does not support output format.`
  const found = strictSchemaProblem(format.schema, FORMAT_RULES)
  if (found === null) return null
  const complaint =
    found.problem === 'keywords'
      ? `For '${found.name}' type, properties ${found.keywords.join(', ')} are not supported`
      : "For 'object' type, 'additionalProperties' must be explicitly set to false"
  return `output_config.format.schema: ${complaint}`
}
