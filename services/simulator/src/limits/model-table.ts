import { DEFAULT_SETTINGS, type ModelSettings } from './model-settings.ts'

const MOST_MODELS = 1_000

export interface ModelTable {
  settings(model: string): ModelSettings
  /** Merges into what is set; false when there are too many models. */
  change(model: string, change: Partial<ModelSettings>): boolean
  list(): { defaults: ModelSettings; models: Record<string, ModelSettings> }
  clear(): void
}

/** Settings by upstream model name, laid over those of `*`, laid over the built-in ones. */
export function createModelTable(): ModelTable {
  let defaults = DEFAULT_SETTINGS
  const changes = new Map<string, Partial<ModelSettings>>()
  const effective = new Map<string, ModelSettings>()

  return {
    settings: (model) => effective.get(model) ?? defaults,
    change(model, change) {
      if (model !== '*' && !changes.has(model) && changes.size >= MOST_MODELS) return false
      if (model === '*') defaults = { ...defaults, ...change }
      else changes.set(model, { ...changes.get(model), ...change })
      for (const [name, own] of changes) effective.set(name, { ...defaults, ...own })
      return true
    },
    list: () => ({ defaults, models: Object.fromEntries(effective) }),
    clear() {
      defaults = DEFAULT_SETTINGS
      changes.clear()
      effective.clear()
    },
  }
}
