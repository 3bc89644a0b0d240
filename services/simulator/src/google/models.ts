import { GEMINI_CONTEXT_WINDOW, isGeminiModel } from './model-traits.ts'

const NAMES = ['gemini-3-pro-preview', 'gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.5-flash-lite']

/** `GET /models` and `GET /models/{model}`: https://ai.google.dev/api/models; null: nothing there. */
export function googleModels(path: string): string | null {
  if (path === 'models') return JSON.stringify({ models: NAMES.map(card) })
  const name = /^models\/([^/:]+)$/.exec(path)?.[1]
  return name !== undefined && isGeminiModel(name) ? JSON.stringify(card(name)) : null
}

function card(name: string) {
  return {
    name: `models/${name}`,
    version: '001',
    displayName: name,
    inputTokenLimit: GEMINI_CONTEXT_WINDOW,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent'],
  }
}
