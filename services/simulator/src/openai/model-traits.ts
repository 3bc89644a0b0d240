/** https://platform.openai.com/docs/guides/reasoning: what the reasoning families refuse in chat completions. */
const REASONING_REFUSES = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'max_tokens',
]

/** Values that stand for "not set" and are taken by every model. */
const NEUTRAL: Record<string, unknown> = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  logprobs: false,
}

export function isOpenaiModel(model: string): boolean {
  // DeepSeek answers under OpenAI's dialect, and so do most others; resellers put the maker in front.
  return /^(gpt-|o\d|text-embedding-|deepseek-|x-ai\/grok-)/.test(model) && !model.includes('missing')
}

export function isReasoningModel(model: string): boolean {
  return /^o\d|^gpt-(?:[5-9]|\d\d)/.test(model) && !model.includes('-chat')
}

/** GPT-5.6 and later cache at breakpoints; what they write costs more than plain input. */
export function takesBreakpoints(model: string): boolean {
  return /^gpt-(5\.([6-9]|\d\d)|[6-9]|\d\d)/.test(model)
}

export function contextWindow(model: string): number {
  if (model.startsWith('text-embedding-')) return 8_192
  if (/^gpt-4\.1/.test(model)) return 1_047_576
  if (model.startsWith('x-ai/grok-4.20')) return 2_000_000
  return isReasoningModel(model) ? 400_000 : 128_000
}

/**
 * The first parameter of a request that the model refuses, or null. `o3` and `o4-mini` take no `stop` either; from gpt-5.1 on
 * `reasoning_effort: none` brings the sampling parameters back.
 *
 * @param refuses what the control API says instead of the real traits
 */
export function refusedParameter(
  request: Record<string, unknown>,
  model: string,
  refuses: string[] | null,
): string | null {
  return (refuses ?? realTraits(request, model)).find((name) => isSet(request[name], NEUTRAL[name])) ?? null
}

function realTraits(request: Record<string, unknown>, model: string): string[] {
  if (!isReasoningModel(model)) return []
  if (request.reasoning_effort === 'none' && !/^(o\d|gpt-5(-|$))/.test(model)) return ['max_tokens']
  return /^o[34]/.test(model) ? [...REASONING_REFUSES, 'stop'] : REASONING_REFUSES
}

function isSet(value: unknown, neutral: unknown): boolean {
  return value !== undefined && value !== null && value !== neutral
}
