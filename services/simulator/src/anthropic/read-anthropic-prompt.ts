import type { Prompt, PromptImage, PromptMessage } from '../answer/prompt.ts'
import { readBase64Image, readImageUrl } from '../answer/read-image-url.ts'
import type { ClaudeMessage, MessageBlock, MessagesRequest } from './messages-request.ts'
import { claudeTraits } from './model-traits.ts'
import { anthropicRefusal } from './refuse-anthropic.ts'

/** A messages request in the simulator's words. Throws for an image that is none. */
export function readAnthropicPrompt(request: MessagesRequest, callId: string): Prompt {
  const { system, tool_choice: choice, thinking } = request
  const schema = request.output_config?.format?.schema
  const tools = (request.tools ?? []).flatMap((tool) =>
    'input_schema' in tool
      ? [
          {
            name: tool.name,
            description: String(tool.description ?? ''),
            parameters: tool.input_schema as Record<string, unknown>,
          },
        ]
      : [],
  )
  const names = new Map<string, string>()
  const messages = request.messages.map((message, i) => readMessage(message, i, names, callId))
  if (system !== undefined && system.length > 0) {
    messages.unshift({ ...empty('system'), text: textOf(system) })
  }
  return {
    messages,
    tools,
    toolChoice: choice === undefined ? 'auto' : choice.type === 'tool' ? { name: choice.name } : CHOICES[choice.type],
    parallelTools: choice === undefined || choice.type === 'none' || choice.disable_parallel_tool_use !== true,
    format: schema === undefined ? { kind: 'text' } : { kind: 'schema', schema },
    overheadCharacters:
      (tools.length === 0 ? 0 : JSON.stringify(request.tools).length) +
      (schema === undefined ? 0 : JSON.stringify(schema).length),
    maxTokens: request.max_tokens,
    stop: request.stop_sequences ?? [],
    reasoning: reasoningOf(thinking, claudeTraits(request.model).thinkingOmitted),
  }
}

const CHOICES = { auto: 'auto', any: 'required', none: 'none' } as const

function reasoningOf(thinking: MessagesRequest['thinking'], omitted: boolean): Prompt['reasoning'] {
  if (thinking === undefined || thinking.type === 'disabled') return 'none'
  const display = 'display' in thinking ? thinking.display : null
  return (display ?? (omitted ? 'omitted' : 'summarized')) === 'omitted' ? 'hidden' : 'shown'
}

function readMessage(message: ClaudeMessage, index: number, names: Map<string, string>, callId: string): PromptMessage {
  const read = empty(message.role === 'assistant' ? 'assistant' : 'user')
  if (typeof message.content === 'string') return { ...read, text: message.content }
  const texts: string[] = []
  message.content.forEach((block, i) => {
    switch (block.type) {
      case 'text':
        texts.push(block.text)
        break
      case 'document':
        texts.push(documentText(block))
        break
      case 'image':
        read.images.push(readImage(block, `messages.${index}.content.${i}.image.source`, callId))
        break
      case 'tool_use':
        names.set(block.id, block.name)
        read.toolCalls.push({ id: block.id, name: block.name, argumentsJson: JSON.stringify(block.input) })
        break
      case 'tool_result':
        read.toolResults.push({ name: names.get(block.tool_use_id) ?? 'tool', text: textOf(block.content ?? '') })
        break
      default:
        break
    }
  })
  return { ...read, text: texts.join('\n').trim() }
}

function documentText(block: Extract<MessageBlock, { type: 'document' }>): string {
  const { source, title } = block
  const text = source.type === 'text' ? source.data : source.type === 'content' ? JSON.stringify(source.content) : ''
  return `<document>${title == null ? '' : `# ${title}\n`}${text}</document>`
}

function readImage(block: Extract<MessageBlock, { type: 'image' }>, path: string, callId: string): PromptImage {
  const { source } = block
  if (source.type === 'file') return { kind: 'link', host: source.file_id, mediaType: null }
  const image = source.type === 'url' ? readImageUrl(source.url) : readBase64Image(source.media_type, source.data)
  if (image !== null) return image
  const field =
    source.type === 'url'
      ? 'url.url: Input should be a valid URL'
      : 'base64.data: Image does not match the provided media type or is not valid base64'
  throw anthropicRefusal(400, `${path}.${field}`, callId)
}

function textOf(content: string | { type: string; text?: string }[]): string {
  return typeof content === 'string' ? content : content.map((block) => block.text ?? '').join('\n')
}

function empty(role: PromptMessage['role']): PromptMessage {
  return { role, text: '', images: [], toolCalls: [], toolResults: [] }
}
