import { KIND_FACTS, type ProviderKind } from './kind-capabilities.ts'

/** How a deployment caches the beginnings of prompts. */
export interface PromptCache {
  /**
   * `breakpoints`: where the request marks it (Anthropic; OpenAI from GPT-5.6 on, which matches at breakpoints alone).
   * `automatic`: any long beginning, by itself. `none`: not at all.
   */
  mode: 'breakpoints' | 'automatic' | 'none'
  /** Tokens; what is shorter is not cached. */
  minTokens: number
  /** It sends calls of one `prompt_cache_key` to one machine. */
  keyed: boolean
}

// Sources, read in November 2026: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (limitations),
// https://developers.openai.com/api/docs/guides/prompt-caching and https://ai.google.dev/gemini-api/docs/caching. The first match counts.
const MIN_TOKENS: Record<ProviderKind, readonly [RegExp, number][]> = {
  anthropic: [
    [/^claude-sonnet-4-6/, 2_048],
    [/^claude-(sonnet-4|opus-4-[01])|3-[57]-sonnet|3-opus/, 1_024],
    [/haiku-3|3-(5-)?haiku/, 2_048],
    [/./, 4_096],
  ],
  openai: [[/./, 1_024]],
  google: [
    [/flash/, 1_024],
    [/./, 4_096],
  ],
}

const OPENAI_BREAKPOINTS = /^gpt-(5\.([6-9]|\d\d)|[6-9]|\d\d)/

/** What is known of a model's prompt cache by its name. `mode` is the operator's word, where there is one. */
export function promptCacheOf(
  provider: { kind: ProviderKind; baseUrl: string },
  model: string,
  mode: PromptCache['mode'] | undefined,
): PromptCache {
  const { kind } = provider
  const name = model.toLowerCase()
  // Compatible servers cache by themselves or not; few know OpenAI's newer parameters, and strict ones refuse them.
  const isOpenAi = kind === 'openai' && provider.baseUrl === KIND_FACTS.openai.baseUrl
  const marks = kind === 'anthropic' || (isOpenAi && OPENAI_BREAKPOINTS.test(name))
  return {
    mode: mode ?? (marks ? 'breakpoints' : 'automatic'),
    minTokens: MIN_TOKENS[kind].find(([pattern]) => pattern.test(name))![1],
    keyed: isOpenAi && mode !== 'none',
  }
}
