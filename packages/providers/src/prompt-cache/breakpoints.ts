import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'

/** OpenAI writes so many of a request's breakpoints, one of which it chooses itself unless it is told not to. */
const MOST = 4

export interface BreakpointRules {
  /** Tokens; shorter beginnings are not cached. */
  minTokens: number
  /** OpenAI chooses one itself. */
  implicit: boolean
}

/**
 * Messages with a breakpoint at the end of each beginning that is long enough, as the caller would have written it. A message that is one text
 * becomes one part.
 */
export function withBreakpoints(
  messages: readonly ChatMessage[],
  ends: readonly PromptEnd[],
  rules: BreakpointRules,
): ChatMessage[] {
  const marked = messages.slice()
  for (const [m, p] of endsToMark(messages, ends, rules)) {
    const content = withBreakpoint(marked[m]!.content, p, 'text')
    if (content !== null) marked[m] = { ...marked[m]!, content } as ChatMessage
  }
  return marked
}

/**
 * Which ends get a breakpoint, as message and part (null: the message is one text): the caller's own count first, then the longest beginnings.
 * OpenAI has none for tools.
 */
export function endsToMark(
  messages: readonly ChatMessage[],
  ends: readonly PromptEnd[],
  { minTokens, implicit }: BreakpointRules,
): [message: number, part: number | null][] {
  let room = MOST - (implicit ? 1 : 0)
  for (const { content } of messages) if (Array.isArray(content)) room -= content.filter(hasBreakpoint).length
  const chosen: [number, number | null][] = []
  for (const { at, tokens } of ends.toReversed()) {
    if (typeof at === 'string' || tokens < minTokens || chosen.length >= room) continue
    const [m, p = null] = at
    const content = messages[m]?.content
    const isThere = p === null ? typeof content === 'string' : Array.isArray(content) && content[p] !== undefined
    if (isThere && !(p !== null && hasBreakpoint(content![p]))) chosen.push([m, p])
  }
  return chosen
}

/** Content whose text, or whose part with this index, ends with a breakpoint; null where it has no such thing. */
export function withBreakpoint(
  content: unknown,
  part: number | null,
  textType: 'text' | 'input_text',
): unknown[] | null {
  const prompt_cache_breakpoint = { mode: 'explicit' }
  if (part === null) {
    return typeof content === 'string' ? [{ type: textType, text: content, prompt_cache_breakpoint }] : null
  }
  if (!Array.isArray(content) || content[part] === undefined) return null
  return content.with(part, { ...(content[part] as object), prompt_cache_breakpoint })
}

/** Content without breakpoints, for an API that does not know them. Whatever else its parts hold stays. */
export function withoutBreakpoints(content: unknown): unknown {
  if (!Array.isArray(content) || !content.some(hasBreakpoint)) return content
  return content.map((part: unknown) => {
    if (!hasBreakpoint(part)) return part
    const { prompt_cache_breakpoint: _, ...rest } = part as Record<string, unknown>
    return rest
  })
}

function hasBreakpoint(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'prompt_cache_breakpoint' in part
}
