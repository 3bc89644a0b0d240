/**
 * Parameters that a model knows under another name only. OpenAI's reasoning models refuse `max_tokens`
 * (https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_tokens: deprecated in favour of
 * `max_completion_tokens`), while clients of every other model send it: without this no request of theirs could fall back here.
 */
export function renamedParameters(model: string): ReadonlyMap<string, string> {
  return /^(o\d|gpt-([5-9]|\d\d))/.test(model) && !model.includes('-chat') ? OF_REASONING_MODELS : NONE
}

const OF_REASONING_MODELS = new Map([['max_tokens', 'max_completion_tokens']])
const NONE = new Map<string, string>()
