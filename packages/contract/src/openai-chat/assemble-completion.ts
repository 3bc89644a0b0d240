import { assembleToolCalls, type PartialToolCall } from './assemble-tool-calls.ts'
import type { ChatUsage } from './chunk.ts'

type Fields = Record<string, unknown>

interface PartialChoice {
  content: string | null
  reasoning: string | null
  refusal: string | null
  toolCalls: PartialToolCall[]
  logprobs: Record<string, unknown[]> | null
  finishReason: string | null
  /** Deltas that we don't know: text grows, lists grow, anything else is what was said last. */
  others: Fields
}

/** Chunk fields that have their own place in the body, or none: `obfuscation` is padding, `switchyard` is our marker. */
const NOT_COPIED = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'obfuscation',
  'switchyard',
  '__proto__',
])
const KNOWN_DELTAS = new Set(['role', 'content', 'reasoning_content', 'refusal', 'tool_calls', '__proto__'])

/**
 * The non-stream body of a streamed answer: what a waiting client would have had
 * (https://platform.openai.com/docs/api-reference/chat/object). `lines` are the data lines of the log, in order, whatever
 * they hold: what is no chunk (`[DONE]`, an error) is passed over. An attempt-changed marker discards what came before it.
 * `usage` is used where the stream shows none, which is so for clients that did not ask for the usage chunk.
 */
export function assembleCompletion(lines: string[], usage: ChatUsage | null = null): string {
  let head: Fields = {}
  let choices = new Map<number, PartialChoice>()
  let shownUsage: unknown = null
  for (const line of lines) {
    const chunk = parseChunk(line)
    if (!chunk) continue
    if (isFields(chunk.switchyard) && chunk.switchyard.discard_before !== undefined) {
      head = {}
      choices = new Map()
      shownUsage = null
    }
    for (const key of ['id', 'created', 'model']) head[key] ??= chunk[key]
    for (const [key, value] of Object.entries(chunk)) if (!NOT_COPIED.has(key) && value !== null) head[key] = value
    if (isFields(chunk.usage)) shownUsage = chunk.usage
    for (const choice of Array.isArray(chunk.choices) ? chunk.choices : []) if (isFields(choice)) grow(choices, choice)
  }
  const { id, created, model, ...rest } = head
  const total = shownUsage ?? usage
  return JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [...choices.entries()].sort(([a], [b]) => a - b).map(([index, choice]) => finished(index, choice)),
    ...(total === null ? {} : { usage: total }),
    ...rest,
  })
}

function parseChunk(line: string): Fields | null {
  if (!line.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(line)
    return isFields(value) ? value : null
  } catch {
    return null
  }
}

function grow(choices: Map<number, PartialChoice>, chunk: Fields): void {
  const index = typeof chunk.index === 'number' ? chunk.index : 0
  let choice = choices.get(index)
  if (!choice) {
    choice = {
      content: null,
      reasoning: null,
      refusal: null,
      toolCalls: [],
      logprobs: null,
      finishReason: null,
      others: {},
    }
    choices.set(index, choice)
  }
  if (typeof chunk.finish_reason === 'string') choice.finishReason = chunk.finish_reason
  if (isFields(chunk.logprobs)) {
    choice.logprobs ??= {}
    for (const key of ['content', 'refusal']) {
      const more = chunk.logprobs[key]
      if (Array.isArray(more)) choice.logprobs[key] = (choice.logprobs[key] ?? []).concat(more)
    }
  }
  if (isFields(chunk.delta)) growMessage(choice, chunk.delta)
}

function growMessage(choice: PartialChoice, delta: Fields): void {
  choice.content = joined(choice.content, delta.content)
  choice.reasoning = joined(choice.reasoning, delta.reasoning_content)
  choice.refusal = joined(choice.refusal, delta.refusal)
  if (Array.isArray(delta.tool_calls)) assembleToolCalls(choice.toolCalls, delta.tool_calls.filter(isFields))
  for (const [key, value] of Object.entries(delta)) {
    if (KNOWN_DELTAS.has(key) || value === null) continue
    const before = choice.others[key]
    if (typeof before === 'string' && typeof value === 'string') choice.others[key] = before + value
    else if (Array.isArray(before) && Array.isArray(value)) choice.others[key] = before.concat(value)
    else choice.others[key] = value
  }
}

function finished(index: number, choice: PartialChoice): Fields {
  const calls = choice.toolCalls.length > 0
  return {
    index,
    message: {
      role: 'assistant',
      content: calls && choice.content === '' ? null : choice.content,
      ...(choice.reasoning === null ? {} : { reasoning_content: choice.reasoning }),
      refusal: choice.refusal,
      ...(calls ? { tool_calls: choice.toolCalls.map(({ value }) => value) } : {}),
      ...choice.others,
    },
    logprobs: choice.logprobs,
    finish_reason: choice.finishReason,
  }
}

function joined(before: string | null, more: unknown): string | null {
  return typeof more === 'string' ? (before ?? '') + more : before
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
