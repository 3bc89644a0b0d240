import type { Prompt, PromptImage, PromptMessage } from '../answer/prompt.ts'
import { readImageUrl } from '../answer/read-image-url.ts'
import type { Refusal } from '../refusal.ts'
import type { ChatMessage, ChatRequest } from './chat-request.ts'
import { isReasoningModel } from './model-traits.ts'
import { openaiRefusal } from './refuse-openai.ts'

/** A chat request in the simulator's words. Throws where messages don't belong together or an image URL is none. */
export function readOpenaiPrompt(request: ChatRequest, callId: string): Prompt {
  const { tools = [], response_format: format, tool_choice: choice = 'auto', stop } = request
  const schema = format?.type === 'json_schema' ? (format.json_schema.schema ?? {}) : null
  const reasons =
    isReasoningModel(request.model) && !['none', 'minimal', undefined, null].includes(request.reasoning_effort)
  return {
    messages: readMessages(request.messages, callId),
    tools: tools.map(({ function: tool }) => ({
      name: tool.name,
      description: tool.description ?? '',
      parameters: tool.parameters ?? {},
    })),
    toolChoice: typeof choice === 'string' ? choice : { name: choice.function.name },
    parallelTools: request.parallel_tool_calls ?? true,
    format: schema !== null ? { kind: 'schema', schema } : { kind: format?.type === 'json_object' ? 'json' : 'text' },
    overheadCharacters:
      (tools.length === 0 ? 0 : JSON.stringify(tools).length) + (schema === null ? 0 : JSON.stringify(schema).length),
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    reasoning: reasons ? 'shown' : 'none',
  }
}

/** Tool messages in a row become one turn, so that the last message has all results. */
function readMessages(messages: ChatMessage[], callId: string): PromptMessage[] {
  const read: PromptMessage[] = []
  /** Calls of the last assistant message that have no answer yet. */
  let open = new Map<string, string>()
  messages.forEach((message, i) => {
    if (message.role === 'tool') {
      const name = open.get(message.tool_call_id)
      if (name === undefined) throw orphan(i, callId)
      open.delete(message.tool_call_id)
      const result = { name, text: textOf(message.content) }
      const last = read.at(-1)
      if (last?.role === 'tool') last.toolResults.push(result)
      else read.push({ ...empty('tool'), toolResults: [result] })
      return
    }
    if (open.size > 0) throw unanswered([...open.keys()], i, callId)
    const role = message.role === 'developer' ? 'system' : message.role
    const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : []
    open = new Map(calls.map((call) => [call.id, call.function.name]))
    read.push({
      ...empty(role),
      text: textOf(message.content ?? ''),
      images: message.role === 'user' ? imagesOf(message.content, i, callId) : [],
      toolCalls: calls.map(({ id, function: call }) => ({ id, name: call.name, argumentsJson: call.arguments })),
    })
  })
  if (open.size > 0) throw unanswered([...open.keys()], messages.length, callId)
  return read
}

function empty(role: PromptMessage['role']): PromptMessage {
  return { role, text: '', images: [], toolCalls: [], toolResults: [] }
}

function textOf(content: string | { type: string; text?: string }[]): string {
  if (typeof content === 'string') return content
  return content
    .map((part) => part.text ?? '')
    .join('\n')
    .trim()
}

function imagesOf(
  content: Extract<ChatMessage, { role: 'user' }>['content'],
  index: number,
  callId: string,
): PromptImage[] {
  if (typeof content === 'string') return []
  return content.flatMap((part, i) => {
    if (part.type !== 'image_url') return []
    const image = readImageUrl(part.image_url.url)
    if (image !== null) return [image]
    const param = `messages[${index}].content[${i}].image_url.url`
    throw openaiRefusal(
      400,
      { message: `Invalid '${param}'. Expected a valid URL or base64 data URL.`, param, code: 'invalid_value' },
      callId,
    )
  })
}

function orphan(index: number, callId: string): Refusal {
  const message =
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
  return openaiRefusal(400, { message, param: `messages.[${index}].role` }, callId)
}

function unanswered(ids: string[], index: number, callId: string): Refusal {
  const message = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(', ')}`
  return openaiRefusal(400, { message, param: `messages.[${index}].role` }, callId)
}
