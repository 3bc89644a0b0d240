import { asSchema } from '../answer/resolve-schema.ts'

export interface StrictSchemaProblem {
  /** Property names on the way, as OpenAI's `context=('properties', 'a')`. */
  context: string[]
  problem: 'additional_properties' | 'not_required' | 'keywords'
  /** The property that is not required, or the type whose keywords are not supported. */
  name: string
  keywords: string[]
}

export interface StrictRules {
  /** Every property must be in `required` (OpenAI). */
  allRequired: boolean
  /** Keywords that are refused, by type (Anthropic). */
  refused: Record<string, string[]>
}

const DEEPEST = 64

/** The first place where a schema breaks the rules of strict structured outputs; null when it keeps them. */
export function strictSchemaProblem(
  schema: unknown,
  rules: StrictRules,
  context: string[] = [],
): StrictSchemaProblem | null {
  if (context.length > DEEPEST) return null
  const node = asSchema(schema)
  const type = String(Array.isArray(node.type) ? node.type.find((one) => one !== 'null') : node.type)
  const keywords = (rules.refused[type] ?? []).filter((keyword) => node[keyword] !== undefined)
  if (keywords.length > 0) return { context, problem: 'keywords', name: type, keywords }
  const properties = asSchema(node.properties)
  if (type === 'object') {
    const found = objectProblem(node, properties, rules, context)
    if (found !== null) return found
  }
  const inside: [string[], unknown][] = [
    ...Object.entries(properties).map(([name, value]): [string[], unknown] => [['properties', name], value]),
    [['items'], node.items],
    ...branches(node),
    ...Object.entries({ ...asSchema(node.$defs), ...asSchema(node.definitions) }).map(
      ([name, value]): [string[], unknown] => [['$defs', name], value],
    ),
  ]
  for (const [step, value] of inside) {
    const found = value === undefined ? null : strictSchemaProblem(value, rules, [...context, ...step])
    if (found !== null) return found
  }
  return null
}

function objectProblem(
  node: Record<string, unknown>,
  properties: Record<string, unknown>,
  rules: StrictRules,
  context: string[],
): StrictSchemaProblem | null {
  if (node.additionalProperties !== false) return { context, problem: 'additional_properties', name: '', keywords: [] }
  if (!rules.allRequired) return null
  const required = Array.isArray(node.required) ? node.required : []
  const name = Object.keys(properties).find((property) => !required.includes(property))
  return name === undefined ? null : { context, problem: 'not_required', name, keywords: [] }
}

function branches(node: Record<string, unknown>): [string[], unknown][] {
  return ['anyOf', 'oneOf', 'allOf'].flatMap((key) => {
    const list = node[key]
    return Array.isArray(list) ? list.map((value, i): [string[], unknown] => [[key, String(i)], value]) : []
  })
}
