import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import { decodeInput } from '@switchyard/contract/openai-responses/decode-input'
import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'
import { type BreakpointRules, endsToMark, withBreakpoint, withoutBreakpoints } from './breakpoints.ts'

type Item = Record<string, unknown>

/**
 * The input of a Responses request with breakpoints at the ends of known beginnings, which are told by their places in the chat request
 * that asks the same. `instructions` have no part that could carry one.
 */
export function markInput(
  request: Pick<ResponsesRequest, 'input' | 'instructions'>,
  ends: readonly PromptEnd[],
  rules: BreakpointRules,
): unknown {
  const { messages, places } = decodeInput(request)
  const items = typeof request.input === 'string' ? [{ role: 'user', content: request.input }] : request.input
  const marked: Item[] = [...items]
  let changed = false
  for (const [m, part] of endsToMark(messages as ChatMessage[], ends, rules)) {
    const at = places[m] === 'input' ? 0 : Number(/^input\[(\d+)\]$/.exec(places[m]!)?.[1] ?? Number.NaN)
    const item = marked[at]
    if (item === undefined) continue
    const field = contentField(item)
    const content = withBreakpoint(item[field], part, 'input_text')
    if (content === null) continue
    marked[at] = { ...item, [field]: content }
    changed = true
  }
  return changed ? marked : request.input
}

/** An item without breakpoints. */
export function unmarkedItem(item: Item): Item {
  const field = contentField(item)
  const content = withoutBreakpoints(item[field])
  return content === item[field] ? item : { ...item, [field]: content }
}

function contentField(item: Item): 'content' | 'output' {
  return item.type === 'function_call_output' ? 'output' : 'content'
}
