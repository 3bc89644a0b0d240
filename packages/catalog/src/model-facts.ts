import type { Capability } from './capabilities.ts'
import type { ProviderKind } from './kind-capabilities.ts'

/** What is known of a family of models by its name. The catalog file overrides each of these. */
interface ModelFacts {
  contextWindow?: number
  maxOutput?: number
  lacks?: readonly Capability[]
  unsupported?: readonly string[]
}

const CLAUDE_WITHOUT_SAMPLING = ['temperature', 'top_p']

// https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning lists what OpenAI's reasoning models refuse.
const OPENAI_REASONING = [
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
]

// The first match counts. Sources: the model tables of @ai-sdk/anthropic 4.0.105 and @ai-sdk/google 4.0.121 and the providers'
// model pages, read in November 2026. Context windows come from the price table where it knows them.
const FACTS: Record<ProviderKind, readonly [RegExp, ModelFacts][]> = {
  anthropic: [
    [/^claude-(opus|sonnet)-4-6/, { maxOutput: 128_000, lacks: ['prefill'] }],
    [/^claude-(opus|sonnet|haiku)-4-5/, { maxOutput: 64_000 }],
    [/^claude-opus-4-[01]/, { maxOutput: 32_000 }],
    [/^claude-sonnet-4-0/, { maxOutput: 64_000 }],
    [/^claude-opus-4-[78]/, { maxOutput: 128_000, lacks: ['prefill'], unsupported: CLAUDE_WITHOUT_SAMPLING }],
    [/^claude-[a-z]+-[5-9]/, { maxOutput: 128_000, lacks: ['prefill'], unsupported: CLAUDE_WITHOUT_SAMPLING }],
  ],
  openai: [
    [/^text-embedding-/, { lacks: ['chat'] }],
    [/^gpt-[56](\.\d+)?-chat/, { maxOutput: 128_000 }],
    [/^(gpt-[56]|o[134])([.-]|$)/, { maxOutput: 128_000, lacks: ['audio'], unsupported: OPENAI_REASONING }],
    [/^gpt-4(\.1|o)/, { lacks: ['reasoning'] }],
    [/^gpt-(4|3\.5)(-|$)/, { lacks: ['reasoning', 'jsonSchema'] }],
  ],
  google: [
    [/^gemini-embedding/, { lacks: ['chat'] }],
    [
      /^gemini-2\.5/,
      { contextWindow: 1_048_576, maxOutput: 65_536, unsupported: ['frequency_penalty', 'presence_penalty'] },
    ],
    [/^gemini-3/, { contextWindow: 1_048_576, maxOutput: 65_536 }],
  ],
}

export function modelFacts(kind: ProviderKind, model: string): ModelFacts {
  const name = model.toLowerCase()
  return FACTS[kind].find(([pattern]) => pattern.test(name))?.[1] ?? {}
}
