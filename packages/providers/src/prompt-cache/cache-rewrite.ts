import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { ChatCall } from '../chat-call.ts'
import { withBreakpoints, withoutBreakpoints } from './breakpoints.ts'

/** Parameter by which planning says that a deployment does not take marks. */
export const BREAKPOINT_PARAMETER = 'prompt_cache_breakpoint'

/** What the prompt cache changes in a chat body for an upstream that speaks OpenAI's dialect. */
export interface CacheRewrite {
  /** Undefined: the messages stay as they are, byte for byte. */
  messages?: (messages: unknown, options: unknown) => unknown
  /** Sent unless the caller gave one. */
  key?: string
}

/** Nothing, where neither the caller nor the plan speaks of it. */
export function cacheRewrite({ promptCache, upstream, drop }: ChatCall): CacheRewrite {
  if (drop.includes(BREAKPOINT_PARAMETER)) return { ...keyOf(promptCache?.key, upstream), messages: withoutAny }
  const ends = promptCache?.ends ?? []
  if (ends.length === 0 || upstream.promptCache.mode !== 'breakpoints') return keyOf(promptCache?.key, upstream)
  const { minTokens } = upstream.promptCache
  return {
    ...keyOf(promptCache?.key, upstream),
    messages: (messages, options) =>
      Array.isArray(messages)
        ? withBreakpoints(messages as ChatMessage[], ends, { minTokens, implicit: isImplicit(options) })
        : messages,
  }
}

/** OpenAI chooses a breakpoint of its own unless `mode` says otherwise. */
export function isImplicit(options: unknown): boolean {
  return (options as { mode?: unknown } | null | undefined)?.mode !== 'explicit'
}

function keyOf(key: string | undefined, upstream: ChatCall['upstream']): CacheRewrite {
  return key !== undefined && upstream.promptCache.keyed ? { key } : {}
}

function withoutAny(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages
  return messages.map((message: { content?: unknown }) => {
    const content = withoutBreakpoints(message.content)
    return content === message.content ? message : { ...message, content }
  })
}
