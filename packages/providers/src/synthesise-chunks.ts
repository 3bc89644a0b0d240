import type { ChatLine } from './chat-line.ts'

/** Fields of a message that a chunk does not have, or has in another form. */
const NOT_IN_A_DELTA = new Set(['role', 'tool_calls', 'content'])

/** As much of a chat completion as must be known to take it apart; everything else in it is kept. */
export interface CompletionLike {
  choices: { index?: number; message: Record<string, unknown>; finish_reason?: unknown; logprobs?: unknown }[]
  usage?: unknown
}

export function isChatCompletion(value: unknown): value is CompletionLike {
  return (
    isRecord(value) &&
    Array.isArray(value.choices) &&
    value.choices.length > 0 &&
    value.choices.every((choice) => isRecord(choice) && isRecord(choice.message))
  )
}

/**
 * The stream that a chat completion would have been: for each choice role, content, tool calls and finish reason, then the
 * usage for clients that asked. For deployments that cannot stream.
 */
export function synthesiseChunks(completion: CompletionLike, includeUsage: boolean): ChatLine[] {
  const { choices, usage, ...rest } = completion
  const envelope = { ...rest, object: 'chat.completion.chunk' }
  const lines: ChatLine[] = []
  const line = (index: unknown, delta: unknown, content: boolean, more: object = { finish_reason: null }) =>
    lines.push({ data: JSON.stringify({ ...envelope, choices: [{ index, delta, ...more }] }), content })

  for (const choice of choices) {
    const { message, finish_reason, logprobs } = choice
    const index = choice.index ?? 0
    line(index, { role: 'assistant', content: '' }, false)
    const others = Object.fromEntries(
      Object.entries(message).filter(([field, value]) => !NOT_IN_A_DELTA.has(field) && value !== null && value !== ''),
    )
    if (Object.keys(others).length > 0) line(index, others, true)
    if (typeof message.content === 'string' && message.content !== '') {
      line(index, { content: message.content }, true, {
        finish_reason: null,
        ...(logprobs === undefined ? {} : { logprobs }),
      })
    }
    if (Array.isArray(message.tool_calls) && message.tool_calls.length > 0) {
      const calls = message.tool_calls.map((call, position) => ({ index: position, ...(isRecord(call) ? call : {}) }))
      line(index, { tool_calls: calls }, true)
    }
    line(index, {}, false, { finish_reason: finish_reason ?? null })
  }
  if (includeUsage && isRecord(usage)) {
    lines.push({ data: JSON.stringify({ ...envelope, choices: [], usage }), content: false })
  }
  return lines
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
