import { isClaudeModel } from './model-traits.ts'

const NAMES = ['claude-opus-4-7', 'claude-opus-4-6', 'claude-sonnet-4-6', 'claude-sonnet-4-5', 'claude-haiku-4-5']

/** `GET /models` and `GET /models/{id}`: https://platform.claude.com/docs/en/api/models-list; null: nothing there. */
export function anthropicModels(path: string): string | null {
  if (path === 'models') {
    const data = NAMES.map(card)
    return JSON.stringify({ data, has_more: false, first_id: NAMES[0], last_id: NAMES.at(-1) })
  }
  const name = /^models\/([^/]+)$/.exec(path)?.[1]
  return name !== undefined && isClaudeModel(name) ? JSON.stringify(card(name)) : null
}

function card(id: string) {
  return { type: 'model', id, display_name: id, created_at: '2025-01-01T00:00:00Z' }
}
