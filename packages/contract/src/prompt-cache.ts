import { z } from 'zod'

/**
 * OpenAI's parameters for the prompt cache (https://developers.openai.com/api/docs/guides/prompt-caching), which are the interface here
 * for every provider's. A breakpoint marks the exact end of a beginning of the prompt that others share.
 */

const ttl = z.enum(['30m', '12h'])

/** On a content part. Without `ttl` the one of the request's options holds. */
export const promptCacheBreakpoint = z.strictObject({ mode: z.literal('explicit'), ttl: ttl.optional() })
export type PromptCacheBreakpoint = z.infer<typeof promptCacheBreakpoint>

const mode = z.enum(['implicit', 'explicit']).optional()

/** Chat completions know no other lifetime for a whole request. */
export const chatCacheOptions = z.strictObject({ mode, ttl: z.literal('30m').optional() })

export const responsesCacheOptions = z.strictObject({
  mode,
  ttl: ttl.optional(),
  comparison_response_id: z.string().max(256).nullish(),
  prewarm: z.boolean().optional(),
})

export const promptCacheKey = z.string().max(1_024)
export const promptCacheRetention = z.enum(['in_memory', '24h'])

/** Of the same project at most: what is frozen into a job whose prompt begins as others do, so that each attempt can be placed for its target. */
export interface PromptCachePlan {
  /** Ends of beginnings that are known to recur, the shortest first; marked in the caller's stead. */
  ends: PromptEnd[]
  /** Sent to providers that send calls of one key to one machine, where the caller gave none. */
  key?: string
}

export interface PromptEnd {
  /** The last thing of the beginning: all tools, a message, or a part of a message, by their places in the chat request. */
  at: 'tools' | [message: number] | [message: number, part: number]
  /** Tokens up to there, estimated. */
  tokens: number
}
