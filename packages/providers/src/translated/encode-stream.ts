import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { Usage } from '@switchyard/contract/usage'
import type { ChatLine } from '../chat-line.ts'
import type { AnswerMeta } from './answer-meta.ts'
import type { ChatFinish } from './finish-reason.ts'
import { imagePart } from './image-part.ts'
import { chatUsage } from './sdk-usage.ts'
import { thoughtSignature } from './thought-signature.ts'

export interface StreamEncoder {
  /** The lines that a part becomes; none for what clients of this dialect do not see. */
  part(part: LanguageModelV4StreamPart): ChatLine[]
  /** The last lines, once it is certain that the answer is complete. */
  end(finish: ChatFinish, usage: Usage | null): ChatLine[]
}

interface OpenCall {
  index: number
  /** Arguments were sent; a call without any gets them whole from its `tool-call` part. */
  streamed: boolean
}

/**
 * Stream parts of the AI SDK as `openai-chat` chunks. The role goes first, but not before there is something to say, so that
 * an attempt that fails before its first word has shown nothing. Text and reasoning keep their order; parallel tool calls get
 * an index each and their argument fragments as they come. `tail` is white space that a prefilled text ended with: Anthropic
 * takes none at its end, so the model writes it again, and here it is cut off again.
 */
export function createStreamEncoder(meta: AnswerMeta, includeUsage: boolean, tail = ''): StreamEncoder {
  const calls = new Map<string, OpenCall>()
  let begun = false
  let skip = tail
  const { id, created, model, ...rest } = meta
  const envelope = { id, object: 'chat.completion.chunk', created, model, ...rest }

  const line = (delta: object, content: boolean, finish: object = { finish_reason: null }): ChatLine => ({
    data: JSON.stringify({ ...envelope, choices: [{ index: 0, delta, ...finish }] }),
    content,
  })
  const say = (...lines: ChatLine[]): ChatLine[] => {
    if (begun) return lines
    begun = true
    return [line({ role: 'assistant', content: '' }, false), ...lines]
  }
  const withoutTail = (text: string): string => {
    let at = 0
    while (at < text.length && skip !== '' && text[at] === skip[0]) {
      skip = skip.slice(1)
      at++
    }
    if (at < text.length) skip = ''
    return text.slice(at)
  }

  return {
    part(part) {
      switch (part.type) {
        case 'text-delta': {
          const content = withoutTail(part.delta)
          return content === '' ? [] : say(line({ content }, true))
        }
        case 'reasoning-delta':
          return part.delta === '' ? [] : say(line({ reasoning_content: part.delta }, true))
        case 'tool-input-start': {
          if (part.providerExecuted) return []
          const call: OpenCall = { index: calls.size, streamed: false }
          calls.set(part.id, call)
          return say(
            line({ tool_calls: [opening(call.index, part.id, part.toolName, '', part.providerMetadata)] }, true),
          )
        }
        case 'tool-input-delta': {
          const call = calls.get(part.id)
          if (call === undefined || part.delta === '') return []
          call.streamed = true
          return say(line({ tool_calls: [{ index: call.index, function: { arguments: part.delta } }] }, true))
        }
        case 'tool-call': {
          if (part.providerExecuted) return []
          const known = calls.get(part.toolCallId)
          if (known?.streamed) return []
          if (known !== undefined) {
            return say(line({ tool_calls: [{ index: known.index, function: { arguments: part.input } }] }, true))
          }
          const index = calls.size
          calls.set(part.toolCallId, { index, streamed: true })
          return say(
            line(
              { tool_calls: [opening(index, part.toolCallId, part.toolName, part.input, part.providerMetadata)] },
              true,
            ),
          )
        }
        case 'file': {
          const image = imagePart(part)
          return image === null ? [] : say(line({ images: [image] }, true))
        }
        default:
          return []
      }
    },
    end(finish, usage) {
      const lines = say(line({}, false, finish))
      if (includeUsage && usage !== null) {
        lines.push({ data: JSON.stringify({ ...envelope, choices: [], usage: chatUsage(usage) }), content: false })
      }
      return lines
    },
  }
}

function opening(
  index: number,
  id: string,
  name: string,
  args: string,
  metadata: Parameters<typeof thoughtSignature>[0],
) {
  return { index, id, type: 'function', function: { name, arguments: args }, ...thoughtSignature(metadata) }
}
