import type { LanguageModelV4ToolResultPart } from '@ai-sdk/provider'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { ChatMessage } from '@switchyard/contract/openai-chat/request'

type ToolMessage = Extract<ChatMessage, { role: 'tool' }>

/** What a tool answered. OpenAI's dialect gives only the call's id; Gemini wants the tool's name as well. */
export function decodeToolMessage(
  message: ToolMessage,
  path: string,
  toolNames: ReadonlyMap<string, string>,
): LanguageModelV4ToolResultPart {
  const toolName = toolNames.get(message.tool_call_id)
  if (toolName === undefined) {
    const param = `${path}.tool_call_id`
    throw new BrokerError('invalid_value', `Invalid '${param}': no earlier tool call has this id.`, { param })
  }
  const value =
    typeof message.content === 'string' ? message.content : message.content.map((part) => part.text).join('')
  return { type: 'tool-result', toolCallId: message.tool_call_id, toolName, output: { type: 'text', value } }
}
