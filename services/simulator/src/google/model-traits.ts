export function isGeminiModel(model: string): boolean {
  return model.startsWith('gemini-') && !model.includes('missing')
}

/**
 * From Gemini 3 on, function calls in the history must bring back the signature they came with, or a documented stand-in
 * (https://ai.google.dev/gemini-api/docs/thought-signatures). What it says is not looked at.
 */
export function needsThoughtSignatures(model: string): boolean {
  return /^gemini-(?:[3-9]|\d\d)/.test(model)
}

export const GEMINI_CONTEXT_WINDOW = 1_048_576
