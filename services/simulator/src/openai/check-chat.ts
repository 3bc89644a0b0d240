import { type StrictSchemaProblem, strictSchemaProblem } from '../problem/strict-schema-problem.ts'
import type { Refusal } from '../refusal.ts'
import { refusedCacheMark } from './cached-prompt.ts'
import type { ChatRequest } from './chat-request.ts'
import { isOpenaiModel, refusedParameter } from './model-traits.ts'
import { openaiRefusal } from './refuse-openai.ts'

export const STRICT = { allRequired: true, refused: {} }

/** What the API checks once the shape is right: the model, its parameters, what belongs together. Null: all is well. */
export function checkChat(request: ChatRequest, refuses: string[] | null, callId: string): Refusal | null {
  const { model, response_format: format, tools = [], tool_choice: choice } = request
  if (!isOpenaiModel(model) || model.startsWith('text-embedding-')) return unknownModel(model, callId)
  const refused = refusedParameter(request, model, refuses)
  if (refused !== null) return refusedBy(refused, Reflect.get(request, refused), callId)
  if (request.max_tokens != null && request.max_completion_tokens != null) {
    const message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    return openaiRefusal(400, { message, code: 'invalid_parameter_combination' }, callId)
  }
  if (request.stream_options != null && request.stream !== true) {
    const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    return openaiRefusal(400, { message, param: 'stream_options' }, callId)
  }
  if (choice !== undefined && tools.length === 0) {
    const message = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
    return openaiRefusal(400, { message, param: 'tool_choice' }, callId)
  }
  if (request.parallel_tool_calls !== undefined && tools.length === 0) {
    const message =
      "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified."
    return openaiRefusal(400, { message, param: 'parallel_tool_calls' }, callId)
  }
  if (typeof choice === 'object' && !tools.some((tool) => tool.function.name === choice.function.name)) {
    const message = "Invalid value: 'tool_choice' names a function that is not in 'tools'."
    return openaiRefusal(400, { message, param: 'tool_choice' }, callId)
  }
  if (format?.type === 'json_object' && !/json/i.test(JSON.stringify(request.messages))) {
    const message =
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    return openaiRefusal(400, { message, param: 'messages' }, callId)
  }
  return refusedCacheMark(request, callId) ?? checkSchemas(request, callId)
}

function checkSchemas({ response_format: format, tools = [] }: ChatRequest, callId: string): Refusal | null {
  if (format?.type === 'json_schema') {
    const { schema, strict, name } = format.json_schema
    if (schema === undefined) {
      const param = 'response_format.json_schema.schema'
      return openaiRefusal(
        400,
        { message: `Missing required parameter: '${param}'.`, param, code: 'missing_required_parameter' },
        callId,
      )
    }
    const problem = strict === true ? strictSchemaProblem(schema, STRICT) : null
    if (problem !== null) {
      const message = `Invalid schema for response_format '${name}': ${strictProblem(problem)}`
      return openaiRefusal(400, { message, param: 'response_format' }, callId)
    }
  }
  for (const [i, { function: tool }] of tools.entries()) {
    const problem = tool.strict === true ? strictSchemaProblem(tool.parameters ?? {}, STRICT) : null
    if (problem === null) continue
    const message = `Invalid schema for function '${tool.name}': ${strictProblem(problem)}`
    return openaiRefusal(
      400,
      { message, param: `tools[${i}].function.parameters`, code: 'invalid_function_parameters' },
      callId,
    )
  }
  return null
}

export function strictProblem({ context, problem, name }: StrictSchemaProblem): string {
  const tuple = `In context=(${context.map((step) => `'${step}'`).join(', ')})`
  if (problem === 'not_required') {
    return `${tuple}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${name}'.`
  }
  return `${tuple}, 'additionalProperties' is required to be supplied and to be false.`
}

export function unknownModel(model: string, callId: string): Refusal {
  const message = `The model \`${model}\` does not exist or you do not have access to it.`
  return openaiRefusal(404, { message, code: 'model_not_found' }, callId)
}

function refusedBy(param: string, value: unknown, callId: string): Refusal {
  if (param === 'max_tokens') {
    const message =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    return openaiRefusal(400, { message, param, code: 'unsupported_parameter' }, callId)
  }
  if (param === 'temperature' || param === 'top_p') {
    const message = `Unsupported value: '${param}' does not support ${String(value)} with this model. Only the default (1) value is supported.`
    return openaiRefusal(400, { message, param, code: 'unsupported_value' }, callId)
  }
  const message = `Unsupported parameter: '${param}' is not supported with this model.`
  return openaiRefusal(400, { message, param, code: 'unsupported_parameter' }, callId)
}
