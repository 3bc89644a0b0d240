import type { Capabilities } from './capabilities.ts'

export const PROVIDER_KINDS = ['openai', 'anthropic', 'google'] as const
export type ProviderKind = (typeof PROVIDER_KINDS)[number]

interface KindFacts {
  baseUrl: string
  /** What a model of this kind can do unless the catalog or `model-facts.ts` says otherwise. */
  capabilities: Capabilities
  /**
   * The optional request parameters that reach a model of this kind. `all`: same dialect, bytes pass through and the upstream
   * judges. For translated kinds it lists what the translation carries, so that a parameter nobody thought of is refused or
   * reported instead of lost.
   */
  honours: 'all' | ReadonlySet<string>
}

const EVERYTHING: Capabilities = {
  chat: true,
  tools: true,
  parallelTools: true,
  jsonSchema: true,
  jsonObject: true,
  images: true,
  imageUrls: true,
  audio: true,
  files: true,
  fileIds: true,
  logprobs: true,
  reasoning: true,
  prefill: true,
}

/** Parameters that every translation carries, or that the broker honours itself (metadata is kept on the job). */
const TRANSLATED = [
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'temperature',
  'top_p',
  'tools',
  'tool_choice',
  'response_format',
  'reasoning_effort',
  'metadata',
]

/** What is carried between OpenAI's two APIs, where a deployment speaks the other one than the client. */
export const BETWEEN_OPENAI: ReadonlySet<string> = new Set([
  ...TRANSLATED.filter((name) => name !== 'stop'),
  'parallel_tool_calls',
  'verbosity',
  'logprobs',
  'top_logprobs',
  'user',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

export const KIND_FACTS: Record<ProviderKind, KindFacts> = {
  openai: {
    baseUrl: 'https://api.openai.com/v1',
    // Chat completions take a last assistant message as history, they do not continue it.
    capabilities: { ...EVERYTHING, prefill: false },
    honours: 'all',
  },
  anthropic: {
    baseUrl: 'https://api.anthropic.com/v1',
    // Ids of files are OpenAI's own.
    capabilities: { ...EVERYTHING, audio: false, fileIds: false, logprobs: false },
    honours: new Set([...TRANSLATED, 'parallel_tool_calls', 'user']),
  },
  google: {
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    // Gemini fetches only from Google's own file store, and nothing is ever downloaded on its behalf here.
    capabilities: { ...EVERYTHING, imageUrls: false, fileIds: false, logprobs: false, prefill: false },
    honours: new Set([...TRANSLATED, 'seed', 'frequency_penalty', 'presence_penalty']),
  },
}

/** Parameters that only mark where a prompt may be cached; for deployments that cache at marks. */
export const CACHE_MARKS: readonly string[] = ['prompt_cache_breakpoint', 'prompt_cache_options']
/** Names for a lifetime of 12 hours, of a breakpoint or of the whole request. An hour is the longest that Anthropic has. */
export const LONG_BREAKPOINT = 'prompt_cache_breakpoint.ttl'
export const LONG_OPTIONS = 'prompt_cache_options.ttl'

/**
 * Parameters that hint at how to answer or who asks, not at what to answer. Where they can't be honoured they are dropped and
 * named (`warn`) unless the request says otherwise; every other parameter is `strict` (design.md §7).
 */
export const HINTS: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'user',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  ...CACHE_MARKS,
  LONG_BREAKPOINT,
  LONG_OPTIONS,
  'prompt_cache_options.comparison_response_id',
])
