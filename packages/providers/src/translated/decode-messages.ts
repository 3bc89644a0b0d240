import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { ProviderKind } from '../provider-kind.ts'
import { decodeAssistantMessage } from './decode-assistant-message.ts'
import { decodeToolMessage } from './decode-tool-message.ts'
import { decodeUserPart, type UrlCheck } from './decode-user-part.ts'

/**
 * The conversation. System and developer messages are moved to its beginning, in their order: that is the only place where
 * both providers know them, and what Anthropic's own OpenAI endpoint does. Tool results that follow each other become one
 * message, as parallel calls need it, and get the names of the tools that they answer.
 */
export function decodeMessages(
  messages: ChatMessage[],
  kind: ProviderKind,
  acceptsUrl: UrlCheck,
): LanguageModelV4Prompt {
  const system: LanguageModelV4Message[] = []
  const turns: LanguageModelV4Message[] = []
  const toolNames = new Map<string, string>()

  messages.forEach((message, i) => {
    const path = `messages[${i}]`
    switch (message.role) {
      case 'system':
      case 'developer':
        for (const content of texts(message.content)) system.push({ role: 'system', content })
        return
      case 'user': {
        const { content } = message
        const parts =
          typeof content === 'string'
            ? [{ type: 'text' as const, text: content }]
            : content.map((part, j) => decodeUserPart(part, `${path}.content[${j}]`, kind, acceptsUrl))
        turns.push({ role: 'user', content: parts })
        return
      }
      case 'assistant': {
        for (const call of message.tool_calls ?? []) toolNames.set(call.id, call.function.name)
        const content = decodeAssistantMessage(message, path)
        if (content.length > 0) turns.push({ role: 'assistant', content })
        return
      }
      case 'tool': {
        const result = decodeToolMessage(message, path, toolNames)
        const last = turns.at(-1)
        if (last?.role === 'tool') last.content.push(result)
        else turns.push({ role: 'tool', content: [result] })
        return
      }
    }
  })
  return [...system, ...turns]
}

function texts(content: string | { text: string }[]): string[] {
  return typeof content === 'string' ? [content] : content.map((part) => part.text)
}
