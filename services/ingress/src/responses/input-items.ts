import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'

export type ListedItem = Record<string, unknown> & { id: string }

const PREFIX: Record<string, string> = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  reasoning: 'rs',
}

/** The input of a response as items that can be listed: whole, and each with an id of its own, which is always the same for the same item. */
export function inputItems(responseId: string, input: ResponsesRequest['input']): ListedItem[] {
  const items: object[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input
  const seen = new Set<string>()
  const slug = responseId.replace(/^resp_/, '')
  return items.map((item, index) => {
    const { id, type = 'message', role, content, switchyard_from: _, ...rest } = item as Record<string, unknown>
    const own = `${PREFIX[String(type)] ?? 'item'}_${slug}-in${index}`
    const given = typeof id === 'string' && !seen.has(id) ? id : own
    seen.add(given)
    if (type !== 'message') return { id: given, type, status: 'completed', ...rest, ...(content ? { content } : {}) }
    return { id: given, type, status: 'completed', role, content: parts(role, content), ...rest }
  })
}

function parts(role: unknown, content: unknown): unknown {
  if (typeof content !== 'string') return content
  return role === 'assistant'
    ? [{ type: 'output_text', text: content, annotations: [], logprobs: [] }]
    : [{ type: 'input_text', text: content }]
}
