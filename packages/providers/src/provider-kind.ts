/** Which API a provider speaks (design.md §7). Every OpenAI-compatible server is `openai`. */
export type ProviderKind = 'openai' | 'anthropic' | 'google'
