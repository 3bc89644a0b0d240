import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { AnthropicMarks, CacheControl } from '../prompt-cache/anthropic-marks.ts'
import type { ProviderKind } from '../provider-kind.ts'
import { cacheOptions } from './cache-options.ts'
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
  marks: AnthropicMarks,
): LanguageModelV4Prompt {
  const system: LanguageModelV4Message[] = []
  const turns: LanguageModelV4Message[] = []
  const toolNames = new Map<string, string>()

  messages.forEach((message, i) => {
    const path = `messages[${i}]`
    switch (message.role) {
      case 'system':
      case 'developer':
        for (const { text, part } of texts(message.content)) {
          system.push({ role: 'system', content: text, ...cacheOptions(marks.at(i, part)) })
        }
        return
      case 'user': {
        const { content } = message
        const parts =
          typeof content === 'string'
            ? [{ type: 'text' as const, text: content, ...cacheOptions(marks.at(i, null)) }]
            : content.map((part, j) => ({
                ...decodeUserPart(part, `${path}.content[${j}]`, kind, acceptsUrl),
                ...cacheOptions(marks.at(i, j)),
              }))
        turns.push({ role: 'user', content: parts })
        return
      }
      case 'assistant': {
        for (const call of message.tool_calls ?? []) toolNames.set(call.id, call.function.name)
        const content = decodeAssistantMessage(message, path, (part) => marks.at(i, part))
        if (content.length > 0) turns.push({ role: 'assistant', content })
        return
      }
      case 'tool': {
        const result = {
          ...decodeToolMessage(message, path, toolNames),
          ...cacheOptions(lastMark(message.content, (part) => marks.at(i, part))),
        }
        const last = turns.at(-1)
        if (last?.role === 'tool') last.content.push(result)
        else turns.push({ role: 'tool', content: [result] })
        return
      }
    }
  })
  return [...system, ...turns]
}

type Texts = string | { text: string }[]

function texts(content: Texts): { text: string; part: number | null }[] {
  return typeof content === 'string'
    ? [{ text: content, part: null }]
    : content.map(({ text }, part) => ({ text, part }))
}

/** The parts of a result become one text; a mark within it is good for its end. */
function lastMark(content: Texts, markAt: (part: number | null) => CacheControl | null): CacheControl | null {
  return texts(content).reduce<CacheControl | null>((mark, { part }) => markAt(part) ?? mark, null)
}
