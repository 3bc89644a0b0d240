import { isOpenaiModel } from './model-traits.ts'

const NAMES = [
  'gpt-5.5-pro',
  'gpt-5.5',
  'gpt-5-mini',
  'gpt-5-nano',
  'gpt-4.1',
  'gpt-4o',
  'gpt-4o-mini',
  'o4-mini',
  'text-embedding-3-large',
  'text-embedding-3-small',
]

/** `GET /models` and `GET /models/{model}`: https://platform.openai.com/docs/api-reference/models; null: nothing there. */
export function openaiModels(path: string): string | null {
  if (path === 'models') return JSON.stringify({ object: 'list', data: NAMES.map(card) })
  const name = /^models\/([^/]+)$/.exec(path)?.[1]
  return name !== undefined && isOpenaiModel(name) ? JSON.stringify(card(name)) : null
}

function card(id: string) {
  return { id, object: 'model', created: 1_700_000_000, owned_by: 'simulator' }
}
