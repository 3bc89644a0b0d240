import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Upstream } from '../chat-call.ts'

/**
 * The SDK's model of one deployment, on our `fetch`. The key is always given, an empty one where there is none: without it the
 * SDK would look into the environment and send what it finds to whatever base URL this is. The ids that it makes up (Gemini
 * gives tool calls none) are made from the attempt's.
 */
export function languageModel(upstream: Upstream, attempt: string, fetch: typeof globalThis.fetch): LanguageModelV4 {
  let made = 0
  const settings = {
    baseURL: upstream.baseUrl,
    apiKey: upstream.apiKey ?? '',
    fetch,
    generateId: () => `call_${attempt}_${made++}`,
  }
  return upstream.kind === 'google' ? createGoogle(settings)(upstream.model) : createAnthropic(settings)(upstream.model)
}
