import type { Prompt, PromptImage, PromptMessage } from '../answer/prompt.ts'
import { readImageUrl } from '../answer/read-image-url.ts'
import { isReasoningModel } from './model-traits.ts'
import { openaiRefusal } from './refuse-openai.ts'
import type { ResponseItem, ResponsePart, ResponsesRequest } from './responses-request.ts'

/** A Responses request in the simulator's words. Throws where calls and their results don't belong together. */
export function readResponsesPrompt(request: ResponsesRequest, callId: string): Prompt {
  const format = request.text?.format
  const choice = request.tool_choice ?? 'auto'
  const allowed = typeof choice === 'object' && choice.type === 'allowed_tools' ? choice : null
  const tools = (request.tools ?? []).filter(
    ({ name }) => allowed === null || allowed.tools.some((tool) => tool.name === name),
  )
  const effort = request.reasoning?.effort
  const reasons = isReasoningModel(request.model) && effort != null && effort !== 'none' && effort !== 'minimal'
  const overhead = [...tools, ...(format?.type === 'json_schema' ? [format.schema] : [])]
  return {
    messages: [
      ...(request.instructions ? [{ ...empty('system'), text: request.instructions }] : []),
      ...readItems(request.input, callId),
    ],
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      description: description ?? '',
      parameters: parameters ?? {},
    })),
    toolChoice:
      typeof choice === 'string' ? choice : choice.type === 'allowed_tools' ? choice.mode : { name: choice.name },
    parallelTools: request.parallel_tool_calls ?? true,
    format:
      format?.type === 'json_schema'
        ? { kind: 'schema', schema: format.schema }
        : { kind: format?.type === 'json_object' ? 'json' : 'text' },
    overheadCharacters: overhead.length === 0 ? 0 : JSON.stringify(overhead).length,
    maxTokens: request.max_output_tokens ?? null,
    stop: [],
    reasoning: !reasons ? 'none' : request.reasoning?.summary ? 'shown' : 'hidden',
  }
}

/** What one side said in a row becomes one turn; results in a row too. */
function readItems(input: string | ResponseItem[], callId: string): PromptMessage[] {
  if (typeof input === 'string') return [{ ...empty('user'), text: input }]
  const read: PromptMessage[] = []
  const open = new Map<string, string>()
  for (const [i, item] of input.entries()) {
    const last = read.at(-1)
    if (item.type === 'reasoning') continue
    if (item.type === 'function_call') {
      const call = { id: item.call_id, name: item.name, argumentsJson: item.arguments }
      open.set(item.call_id, item.name)
      if (last?.role === 'assistant') last.toolCalls.push(call)
      else read.push({ ...empty('assistant'), toolCalls: [call] })
    } else if (item.type === 'function_call_output') {
      const name = open.get(item.call_id)
      if (name === undefined) {
        const message = `No tool call found for function call output with call_id ${item.call_id}.`
        throw openaiRefusal(400, { message, param: 'input' }, callId)
      }
      open.delete(item.call_id)
      const result = { name, text: textOf(item.output) }
      if (last?.role === 'tool') last.toolResults.push(result)
      else read.push({ ...empty('tool'), toolResults: [result] })
    } else {
      const role = item.role === 'developer' ? 'system' : item.role
      read.push({ ...empty(role), text: textOf(item.content), images: imagesOf(item.content, `input[${i}]`, callId) })
    }
  }
  const [unanswered] = open.keys()
  if (unanswered !== undefined) {
    const message = `No tool output found for function call ${unanswered}.`
    throw openaiRefusal(400, { message, param: 'input' }, callId)
  }
  return read
}

function empty(role: PromptMessage['role']): PromptMessage {
  return { role, text: '', images: [], toolCalls: [], toolResults: [] }
}

function textOf(content: string | ResponsePart[]): string {
  if (typeof content === 'string') return content
  return content
    .map((part) => ('text' in part ? part.text : 'refusal' in part ? part.refusal : ''))
    .join('\n')
    .trim()
}

function imagesOf(content: string | ResponsePart[], place: string, callId: string): PromptImage[] {
  if (typeof content === 'string') return []
  return content.flatMap((part, i) => {
    if (part.type !== 'input_image') return []
    const image = readImageUrl(part.image_url ?? '')
    if (image !== null) return [image]
    const param = `${place}.content[${i}].image_url`
    const message = `Invalid '${param}'. Expected a valid URL, but got a value with an invalid format.`
    throw openaiRefusal(400, { message, param, code: 'invalid_value' }, callId)
  })
}
