/**
 * What Claude models refuse, by name: https://platform.claude.com/docs/en/about-claude/models/overview and the migration
 * guide beside it. From 4.7 on they take no sampling parameters, prefill or thinking budget, from 5.5 on no forced tools.
 */
export interface ClaudeTraits {
  maxOutput: number
  sampling: boolean
  structuredOutput: boolean
  adaptiveThinking: boolean
  budgetThinking: boolean
  /** `thinking: { type: "disabled" }` is taken. */
  thinkingOff: boolean
  forcedTools: boolean
  prefill: boolean
  /** Thinking text is left out unless `display: "summarized"` asks for it. */
  thinkingOmitted: boolean
  /** Tokens; a shorter beginning is not cached, marked or not. */
  cacheMinTokens: number
}

const OLD: ClaudeTraits = {
  maxOutput: 4_096,
  sampling: true,
  structuredOutput: false,
  adaptiveThinking: false,
  budgetThinking: true,
  thinkingOff: true,
  forcedTools: true,
  prefill: true,
  thinkingOmitted: false,
  cacheMinTokens: 1_024,
}
const CURRENT: ClaudeTraits = {
  ...OLD,
  maxOutput: 128_000,
  structuredOutput: true,
  adaptiveThinking: true,
  prefill: false,
  cacheMinTokens: 4_096,
}
const NEWEST: ClaudeTraits = { ...CURRENT, sampling: false, budgetThinking: false, thinkingOmitted: true }

/** The more particular first. */
const TRAITS: [RegExp, ClaudeTraits][] = [
  [/(sonnet|opus)-5-5/, { ...NEWEST, thinkingOff: false, forcedTools: false }],
  [/fable-5-[12]/, { ...NEWEST, thinkingOff: false, forcedTools: false }],
  [/fable-5|mythos/, { ...NEWEST, thinkingOff: false }],
  [/opus-4-[78]|(opus|sonnet|haiku)-5/, NEWEST],
  [/sonnet-4-6/, { ...CURRENT, cacheMinTokens: 2_048 }],
  [/opus-4-6/, CURRENT],
  [/sonnet-4-5/, { ...OLD, maxOutput: 64_000, structuredOutput: true }],
  [/(opus|haiku)-4-5/, { ...OLD, maxOutput: 64_000, structuredOutput: true, cacheMinTokens: 4_096 }],
  [/opus-4-1/, { ...OLD, maxOutput: 32_000, structuredOutput: true }],
  [/sonnet-4/, { ...OLD, maxOutput: 64_000 }],
  [/opus-4/, { ...OLD, maxOutput: 32_000 }],
  [/3-7-sonnet/, { ...OLD, maxOutput: 64_000 }],
  [/3-5-haiku/, { ...OLD, maxOutput: 8_192, cacheMinTokens: 2_048 }],
  [/3-5-/, { ...OLD, maxOutput: 8_192 }],
  [/claude-3-/, OLD],
]

export function claudeTraits(model: string): ClaudeTraits {
  return TRAITS.find(([name]) => name.test(model))?.[1] ?? { ...CURRENT, prefill: true }
}

export function isClaudeModel(model: string): boolean {
  return model.startsWith('claude-') && !model.includes('missing')
}

export function claudeContextWindow(model: string): number {
  return claudeTraits(model).maxOutput >= 128_000 ? 1_000_000 : 200_000
}
