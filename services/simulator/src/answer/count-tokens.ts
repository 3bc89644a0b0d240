/** A picture costs this many tokens, whatever its size. */
export const IMAGE_TOKENS = 256

/**
 * The simulator's only tokenizer: one token for every four characters (UTF-16 units), rounded up. Usage, `max_tokens`,
 * context windows and tokens per minute all count by it, so a test can work out any number by hand.
 */
export function countTokens(text: string): number {
  return tokensOfLength(text.length)
}

export function tokensOfLength(characters: number): number {
  return Math.ceil(characters / 4)
}

/** The longest beginning of a text that is worth no more than `tokens`; never half of a surrogate pair. */
export function firstTokens(text: string, tokens: number): string {
  const end = tokens * 4
  if (text.length <= end) return text
  return text.slice(0, isLowSurrogate(text.charCodeAt(end)) ? end - 1 : end)
}

export function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
