import { createHash, type Hash } from 'node:crypto'
import { estimateTokens } from '@switchyard/catalog/estimate-tokens'
import type { ChatMessage, ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'

/** A beginning of a prompt that others may share. It holds nothing of the prompt but a digest. */
export interface Beginning {
  /** Of everything up to there, 128 bits. */
  digest: string
  end: PromptEnd
  /** The caller marked it. */
  marked: boolean
}

/** No provider caches less. */
export const LEAST_TOKENS = 1_024
/** The first ones; what comes later in a prompt is the less likely to recur. */
const MOST = 8

/**
 * Where a prompt may begin as others do: after its tools, after the system messages it opens with, after each large part of what users and tools
 * say, and at the caller's own breakpoints; none below what any provider caches. One pass of SHA-256 over the prompt, for requests alone that
 * ask for it (0.4 ms for 200 KB).
 */
export function beginningsOf({ tools, messages }: ChatRequest): Beginning[] {
  const found: Beginning[] = []
  const hash = createHash('sha256')
  let tokens = 0
  const note = (at: PromptEnd['at'], marked = false) => {
    if (tokens >= LEAST_TOKENS && found.length < MOST)
      found.push({ digest: digestOf(hash), end: { at, tokens }, marked })
  }

  if (tools && tools.length > 0) {
    const text = JSON.stringify(tools)
    hash.update(text)
    tokens += estimateTokens(text)
    note('tools')
  }
  let opening = true
  for (const [m, message] of messages.entries()) {
    if (found.length === MOST) break
    const isSystem = message.role === 'system' || message.role === 'developer'
    opening &&= isSystem
    const closesOpening = opening && !isSystemMessage(messages[m + 1])
    const isSaid = message.role === 'user' || message.role === 'tool'
    hash.update(`\n${message.role}\n`)
    const { content } = message
    if (typeof content === 'string') {
      const own = add(content)
      if (closesOpening || (isSaid && own >= LEAST_TOKENS)) note([m])
      continue
    }
    for (const [p, part] of (content ?? []).entries()) {
      const own = add(part.type === 'text' ? part.text : JSON.stringify(part))
      const isMarked = part.type !== 'refusal' && part.prompt_cache_breakpoint != null
      const isLast = p === content!.length - 1
      if (isMarked || (closesOpening && isLast) || (isSaid && own >= LEAST_TOKENS)) note([m, p], isMarked)
    }
    if (message.role === 'assistant' && message.tool_calls) add(JSON.stringify(message.tool_calls))
  }
  return found

  function add(text: string): number {
    hash.update(text).update('\0')
    const own = estimateTokens(text)
    tokens += own
    return own
  }
}

function isSystemMessage(message: ChatMessage | undefined): boolean {
  return message?.role === 'system' || message?.role === 'developer'
}

function digestOf(hash: Hash): string {
  return hash.copy().digest('base64url').slice(0, 22)
}
