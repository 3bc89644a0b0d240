import type { ProviderKind } from './provider-kind.ts'

/**
 * Parameters of `openai-chat` that a kind cannot honour, whatever the model. Pass-through forwards everything and leaves the
 * judgement to the provider. Planning decides from this knowledge what is refused and what is dropped; a call that still
 * carries one is refused here, before it leaves.
 */
export const UNSUPPORTED_PARAMETERS: Record<ProviderKind, readonly string[]> = {
  openai: [],
  anthropic: [
    'n',
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'frequency_penalty',
    'presence_penalty',
    'seed',
    'verbosity',
    'modalities',
    'audio',
    'prediction',
    'web_search_options',
    'functions',
    'function_call',
  ],
  google: [
    'n',
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'parallel_tool_calls',
    'verbosity',
    'modalities',
    'audio',
    'prediction',
    'web_search_options',
    'functions',
    'function_call',
  ],
}

/** Parameters that are translated. Anything that is neither here nor above nor below is unknown, and refused as well. */
export const TRANSLATED_PARAMETERS: Record<Exclude<ProviderKind, 'openai'>, readonly string[]> = {
  anthropic: ['parallel_tool_calls', 'user', 'prompt_cache_options'],
  google: ['frequency_penalty', 'presence_penalty', 'seed'],
}

/** `metadata` is for whoever keeps the answer, and the job's record keeps it. */
export const ALWAYS_TRANSLATED: readonly string[] = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'switchyard',
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

/** They change nothing in the answer: left out, and named among the dropped. */
export const INFORMATIONAL_PARAMETERS: readonly string[] = [
  'store',
  'user',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
]

/** Does this value ask for what happens anyway? Then an unsupported parameter is no reason to refuse. */
export function isDefaultValue(parameter: string, value: unknown): boolean {
  if (value === null || value === undefined) return true
  switch (parameter) {
    case 'n':
      return value === 1
    case 'frequency_penalty':
    case 'presence_penalty':
    case 'top_logprobs':
      return value === 0
    case 'logprobs':
    case 'store':
      return value === false
    case 'parallel_tool_calls':
      return value === true
    case 'verbosity':
      return value === 'medium'
    case 'service_tier':
      return value === 'auto' || value === 'default'
    case 'logit_bias':
      return typeof value === 'object' && Object.keys(value).length === 0
    case 'modalities':
      return Array.isArray(value) && value.length === 1 && value[0] === 'text'
    default:
      return false
  }
}
