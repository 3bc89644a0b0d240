import type { ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'
import { beginningsOf, LEAST_TOKENS } from './beginnings.ts'
import type { CacheIntake } from './plan-prompt-cache.ts'

/**
 * What a request, in the words of chat, says of the prompt cache. Nothing for most: only those that ask (`auto`) or mark something have
 * their prompt digested, and only where it is long enough for any provider's cache.
 */
export function readCacheIntake(
  request: ChatRequest,
  options: SwitchyardOptions,
  needs: { inputTokens: number; firstBreakpoint?: string },
): { promptCache?: CacheIntake } {
  const auto = options.prompt_cache === 'auto'
  const key = request.prompt_cache_key ?? null
  const isMarked = needs.firstBreakpoint !== undefined
  if (!auto && !isMarked && key === null) return {}
  const isLong = needs.inputTokens >= LEAST_TOKENS
  return { promptCache: { auto, key, beginnings: isLong && (auto || isMarked) ? beginningsOf(request) : [] } }
}
