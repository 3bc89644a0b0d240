import type { ChatMessage, ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching: without `ttl` five minutes, renewed by every use. */
export interface CacheControl {
  type: 'ephemeral'
  ttl?: '1h'
}

/** Where `cache_control` stands. */
export interface AnthropicMarks {
  tools: CacheControl | null
  /** Of a message that is one text, or of the part with this index. */
  at(message: number, part: number | null): CacheControl | null
}

/** Anthropic refuses a fifth. */
const MOST = 4

interface Mark {
  key: string
  /** Tools stand before everything, then the system messages. */
  order: number
  long: boolean
}

/**
 * A request's breakpoints, and the ends of known beginnings, as Anthropic's marks. Four at most: the caller's win, of more than four
 * the last ones, which is what OpenAI keeps; what room is left goes to the longest beginnings. A caller who names a lifetime wants at least half
 * an hour, so it gets the hour. What stands before something kept for an hour is kept as long, because Anthropic wants the longer ones first.
 */
export function anthropicMarks(
  { messages, prompt_cache_options: options }: ChatRequest,
  ends: readonly PromptEnd[],
  minTokens: number,
): AnthropicMarks {
  const orders = orderOf(messages)
  const own: Mark[] = []
  messages.forEach(({ content }, m) => {
    if (!Array.isArray(content)) return
    content.forEach((part, p) => {
      const mark = part.type === 'refusal' ? null : part.prompt_cache_breakpoint
      if (!mark || isEmpty(part)) return
      own.push({
        key: `${m}.${p}`,
        order: orders[m]! + p,
        long: mark.ttl !== undefined || options?.ttl !== undefined,
      })
    })
  })
  own.sort(byOrder)

  const marks = own.slice(-MOST)
  const taken = new Set(own.map(({ key }) => key))
  for (const { at, tokens } of ends.toReversed()) {
    const key = typeof at === 'string' ? at : at.join('.')
    if (marks.length === MOST) break
    if (tokens < minTokens || taken.has(key)) continue
    const order = typeof at === 'string' ? -1 : orders[at[0]]! + (at[1] ?? 0)
    marks.push({ key, order, long: options?.ttl !== undefined })
  }
  marks.sort(byOrder)

  const controls = new Map<string, CacheControl>()
  let long = false
  for (const mark of marks.toReversed()) {
    long ||= mark.long
    controls.set(mark.key, long ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' })
  }
  return {
    tools: controls.get('tools') ?? null,
    at: (message, part) => controls.get(part === null ? String(message) : `${message}.${part}`) ?? null,
  }
}

export const NO_MARKS: AnthropicMarks = { tools: null, at: () => null }

/** A mark on an empty text is an error there, and says no more than the one before it would. */
function isEmpty(part: { type: string; text?: unknown }): boolean {
  return part.type === 'text' && part.text === ''
}

/** For each message a number that sorts it as Anthropic reads it, with room behind it for its parts. */
function orderOf(messages: readonly ChatMessage[]): number[] {
  const room = 1 + Math.max(...messages.map(({ content }) => (Array.isArray(content) ? content.length : 1)))
  const isSystem = ({ role }: ChatMessage) => role === 'system' || role === 'developer'
  const systems = messages.filter(isSystem).length
  let system = 0
  let turn = systems
  return messages.map((message) => (isSystem(message) ? system++ : turn++) * room)
}

function byOrder(a: Mark, b: Mark): number {
  return a.order - b.order
}
