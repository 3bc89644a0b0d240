import type { PromptBlock } from '../answer/prompt-cache.ts'
import type { Turn } from '../dialect.ts'
import type { Content, GenerateRequest } from './generate-request.ts'

/** How long implicit caches live is not said; minutes, as seen from outside. */
const KEEP_MS = 300_000

/** Implicit caching (https://ai.google.dev/gemini-api/docs/caching). Caches that are made and named are not played here. */
export function geminiCache(model: string, request: GenerateRequest): Turn['cache'] {
  return {
    rules: { kind: 'automatic', keepMs: KEEP_MS, minTokens: model.includes('flash') ? 1_024 : 4_096, scope: '' },
    blocks: () => {
      const declared = (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? [])
      return [
        ...(declared.length === 0 ? [] : [plain(JSON.stringify(declared))]),
        ...(request.systemInstruction ? blocksOf(request.systemInstruction) : []),
        ...(request.contents ?? []).flatMap(blocksOf),
      ]
    },
  }
}

function blocksOf({ parts = [] }: Content): PromptBlock[] {
  return parts.map((part) => plain(part.text ?? JSON.stringify(part)))
}

function plain(text: string): PromptBlock {
  return { text, images: 0, keepMs: null, endsTurn: false }
}
