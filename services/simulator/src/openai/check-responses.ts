import { strictSchemaProblem } from '../problem/strict-schema-problem.ts'
import type { Refusal } from '../refusal.ts'
import { refusedCacheMark } from './cached-prompt.ts'
import { STRICT, strictProblem, unknownModel } from './check-chat.ts'
import { isOpenaiModel, isReasoningModel, refusedParameter } from './model-traits.ts'
import { openaiRefusal } from './refuse-openai.ts'
import type { ResponsesRequest } from './responses-request.ts'

/** What the API checks once the shape is right. Nothing is kept here, so nothing can be looked up by id. Null: all is well. */
export function checkResponses(request: ResponsesRequest, refuses: string[] | null, callId: string): Refusal | null {
  const { model, previous_response_id: previous, background } = request
  if (!isOpenaiModel(model) || model.startsWith('text-embedding-')) return unknownModel(model, callId)
  const effort = request.reasoning?.effort
  const refused = refusedParameter({ ...request, reasoning_effort: effort }, model, refuses)
  if (refused !== null) {
    const message = `Unsupported parameter: '${refused}' is not supported with this model.`
    return openaiRefusal(400, { message, param: refused }, callId)
  }
  if (effort && !isReasoningModel(model)) {
    const message = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
    return openaiRefusal(400, { message, param: 'reasoning.effort', code: 'unsupported_parameter' }, callId)
  }
  if (request.include?.includes('reasoning.encrypted_content') && !isReasoningModel(model)) {
    const message = 'Encrypted content is not supported with this model.'
    return openaiRefusal(400, { message, param: 'include' }, callId)
  }
  if (typeof previous === 'string') {
    const message = `Previous response with id '${previous}' not found.`
    const param = 'previous_response_id'
    return openaiRefusal(400, { message, param, code: 'previous_response_not_found' }, callId)
  }
  if (background)
    return openaiRefusal(400, { message: 'Background mode is not simulated.', param: 'background' }, callId)
  if (request.stream_options && request.stream !== true) {
    const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    return openaiRefusal(400, { message, param: 'stream_options' }, callId)
  }
  return refusedCacheMark(request, callId) ?? checkFormat(request, callId) ?? checkReasoning(request, callId)
}

function checkFormat({ text, input, tools }: ResponsesRequest, callId: string): Refusal | null {
  const format = text?.format
  if (format?.type === 'json_object' && !/json/i.test(JSON.stringify(input))) {
    const message =
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'."
    return openaiRefusal(400, { message, param: 'input' }, callId)
  }
  if (format?.type === 'json_schema' && format.strict === true) {
    const problem = strictSchemaProblem(format.schema, STRICT)
    if (problem !== null) {
      const message = `Invalid schema for response_format '${format.name}': ${strictProblem(problem)}`
      return openaiRefusal(400, { message, param: 'text.format.schema', code: 'invalid_json_schema' }, callId)
    }
  }
  for (const [i, tool] of (tools ?? []).entries()) {
    // Strict unless told otherwise, unlike chat completions.
    const problem = tool.strict === true ? strictSchemaProblem(tool.parameters ?? {}, STRICT) : null
    if (problem === null) continue
    const message = `Invalid schema for function '${tool.name}': ${strictProblem(problem)}`
    const param = `tools[${i}].parameters`
    return openaiRefusal(400, { message, param, code: 'invalid_function_parameters' }, callId)
  }
  return null
}

/** Reasoning is read from its encrypted form alone, and only by who wrote it. */
function checkReasoning({ input }: ResponsesRequest, callId: string): Refusal | null {
  if (typeof input === 'string') return null
  for (const [i, item] of input.entries()) {
    if (item.type !== 'reasoning') continue
    if (typeof item.encrypted_content !== 'string') {
      const message = `Item with id '${item.id}' not found. Items are not persisted when \`store\` is set to false.`
      return openaiRefusal(404, { message, param: 'input' }, callId)
    }
    if (!item.encrypted_content.startsWith('simulated-')) {
      const message = `The encrypted content for item ${item.id} could not be verified.`
      const param = `input[${i}].encrypted_content`
      return openaiRefusal(400, { message, param, code: 'invalid_encrypted_content' }, callId)
    }
  }
  return null
}
