import { BrokerError } from '../broker-error.ts'
import type { PromptCacheBreakpoint } from '../prompt-cache.ts'
import type { InputItem, MessagePart, ResponsesRequest } from './request.ts'

type Part = Record<string, unknown>
type ToolCall = { id: string; type: 'function'; function: { name: string; arguments: string } }
interface Message {
  role: string
  content?: string | Part[] | null
  tool_calls?: ToolCall[]
  tool_call_id?: string
}

/**
 * `instructions` and `input` as chat messages. What a model said in one turn is several items here and one message there: a
 * text and the calls that follow it become one.
 */
export function decodeInput(request: Pick<ResponsesRequest, 'input' | 'instructions'>): {
  messages: object[]
  places: string[]
} {
  const messages: Message[] = []
  const places: string[] = []
  const add = (message: Message, place: string) => {
    messages.push(message)
    places.push(place)
  }
  if (request.instructions) add({ role: 'system', content: request.instructions }, 'instructions')
  if (typeof request.input === 'string') {
    add({ role: 'user', content: request.input }, 'input')
    return { messages, places }
  }
  for (const [index, item] of request.input.entries()) {
    const place = `input[${index}]`
    switch (item.type) {
      case 'reasoning':
        break
      case 'function_call': {
        const call: ToolCall = {
          id: item.call_id,
          type: 'function',
          function: { name: item.name, arguments: item.arguments },
        }
        const last = messages.at(-1)
        if (last?.role !== 'assistant') add({ role: 'assistant', content: null, tool_calls: [call] }, place)
        else last.tool_calls = [...(last.tool_calls ?? []), call]
        break
      }
      case 'function_call_output':
        add({ role: 'tool', tool_call_id: item.call_id, content: resultText(item, place) }, place)
        break
      default:
        add({ role: item.role, content: contentOf(item, place) }, place)
    }
  }
  if (messages.length === 0) {
    throw new BrokerError('invalid_value', "Invalid value for 'input': it holds nothing to answer.", { param: 'input' })
  }
  return { messages, places }
}

function contentOf(item: Extract<InputItem, { role: string }>, place: string): string | Part[] {
  if (typeof item.content === 'string') return item.content
  const parts = item.content.map((part, at) => chatPart(item.role, part, `${place}.content[${at}]`))
  return parts.length === 0 ? '' : parts
}

function chatPart(role: string, part: MessagePart, place: string): Part {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text, ...markOf(part) }
    case 'output_text':
      return { type: 'text', text: part.text }
    case 'refusal':
      if (role === 'assistant') return { type: 'refusal', refusal: part.refusal }
      break
    case 'input_image':
      if (role !== 'user') break
      if (!part.image_url) throw unsupported(`${place}.file_id`, 'images are taken by URL or data URL')
      return {
        type: 'image_url',
        image_url: { url: part.image_url, ...(part.detail ? { detail: detailOf(part.detail) } : {}) },
        ...markOf(part),
      }
    case 'input_file':
      if (role !== 'user') break
      if (part.file_url) throw unsupported(`${place}.file_url`, 'files are taken as data')
      return {
        type: 'file',
        file: {
          ...(part.file_data ? { file_data: part.file_data } : {}),
          ...(part.file_id ? { file_id: part.file_id } : {}),
          ...(part.filename ? { filename: part.filename } : {}),
        },
        ...markOf(part),
      }
  }
  throw new BrokerError(
    'invalid_value',
    `Invalid value for '${place}.type': a message of this role has no such part.`,
    {
      param: `${place}.type`,
    },
  )
}

function markOf(part: { prompt_cache_breakpoint?: PromptCacheBreakpoint | null | undefined }): Part {
  return part.prompt_cache_breakpoint ? { prompt_cache_breakpoint: part.prompt_cache_breakpoint } : {}
}

/** Chat completions know no detail beyond high. */
function detailOf(detail: 'auto' | 'low' | 'high' | 'original'): string {
  return detail === 'original' ? 'high' : detail
}

function resultText(item: Extract<InputItem, { type: 'function_call_output' }>, place: string): string | Part[] {
  if (typeof item.output === 'string') return item.output
  const parts = item.output.map((part, at) => {
    if (part.type === 'input_text') return { type: 'text', text: part.text, ...markOf(part) }
    throw unsupported(`${place}.output[${at}]`, 'results of tools are taken as text')
  })
  return parts.length === 0 ? '' : parts
}

function unsupported(param: string, what: string): BrokerError {
  return new BrokerError('unsupported_parameter', `Unsupported parameter: '${param}': ${what}.`, { param })
}
