import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'

/** The little that the stack must know of the catalog before any service has read it. */
export interface CatalogFacts {
  /** Environment variables that hold providers' credentials. */
  credentialVariables: string[]
  /** A model to show in the curl line. */
  exampleModel: string
}

/** The default catalog's, for one that can't be read: the services say what is wrong with it, better than this could. */
const FALLBACK: CatalogFacts = {
  credentialVariables: ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY'],
  exampleModel: 'claude-4-7-opus',
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

export async function readCatalogFacts(file: string): Promise<CatalogFacts> {
  try {
    return catalogFacts(parse(await readFile(file, 'utf8')))
  } catch {
    return FALLBACK
  }
}

/** From a parsed catalog; whatever has not the expected shape is passed over. */
export function catalogFacts(catalog: unknown): CatalogFacts {
  const providers = Object.values(asObject(asObject(catalog).providers))
  const keys = providers.map((provider) => asObject(provider).apiKey).filter((key) => typeof key === 'string')
  const models = Object.keys(asObject(asObject(catalog).models))
  return {
    credentialVariables: [
      ...new Set(keys.flatMap((key) => [...key.matchAll(VARIABLE)].map((match) => match[1] ?? ''))),
    ],
    exampleModel: models.includes(FALLBACK.exampleModel) ? FALLBACK.exampleModel : (models[0] ?? FALLBACK.exampleModel),
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
