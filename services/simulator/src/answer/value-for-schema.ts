import { numberFor } from './number-for.ts'
import type { JsonSchema } from './prompt.ts'
import type { Facts } from './read-facts.ts'
import { asSchema, list, type ResolvedSchema, resolveSchema } from './resolve-schema.ts'
import type { SchemaPlace } from './schema-place.ts'
import { stringFor } from './string-for.ts'

/** Below this depth only what a schema requires is filled in; much below it nothing is, so that a recursive one ends. */
const SHALLOW = 6
const DEEPEST = 24

/**
 * A value that fits a JSON schema, with strings and numbers taken from the text: properties by their name (title, summary,
 * licence, a `name: value` line …), enums by which of their values the text mentions, arrays from its names and numbers.
 */
export function valueForSchema(schema: JsonSchema, facts: Facts): unknown {
  return valueAt(schema, schema, facts, { name: '', index: 0, depth: 0 })
}

function valueAt(schema: unknown, root: JsonSchema, facts: Facts, place: SchemaPlace): unknown {
  const resolved = resolveSchema(schema, root)
  if ('const' in resolved) return resolved.const
  if (Array.isArray(resolved.enum)) return enumValue(resolved.enum, facts)
  if (place.depth > DEEPEST) return null
  switch (resolved.type) {
    case 'object':
      return objectValue(resolved, root, facts, place)
    case 'array':
      return arrayValue(resolved, root, facts, place)
    case 'number':
    case 'integer':
      return numberFor(resolved, facts, place)
    case 'boolean':
      return booleanFor(facts, place)
    case 'null':
      return null
    default:
      return stringFor(resolved, facts, place)
  }
}

function objectValue(
  schema: ResolvedSchema,
  root: JsonSchema,
  facts: Facts,
  place: SchemaPlace,
): Record<string, unknown> {
  const properties = asSchema(schema.properties)
  const required = list(schema.required).filter((name) => typeof name === 'string')
  const names = place.depth >= SHALLOW ? required : [...new Set([...Object.keys(properties), ...required])]
  const value: Record<string, unknown> = {}
  for (const name of names) {
    value[name] = valueAt(properties[name], root, facts, { name, index: place.index, depth: place.depth + 1 })
  }
  return value
}

function arrayValue(schema: ResolvedSchema, root: JsonSchema, facts: Facts, place: SchemaPlace): unknown[] {
  const items = schema.items ?? {}
  const least = Number(schema.minItems ?? 0)
  const most = Number(schema.maxItems ?? Math.max(least, 64))
  const count = Math.min(most, Math.max(least, place.depth >= SHALLOW ? 0 : wanted(resolveSchema(items, root), facts)))
  return Array.from({ length: count }, (_, index) =>
    valueAt(items, root, facts, { name: place.name, index, depth: place.depth + 1 }),
  )
}

/** How many items the text has to offer. */
function wanted(item: ResolvedSchema, facts: Facts): number {
  if (Array.isArray(item.enum)) return 1
  if (item.type === 'number' || item.type === 'integer') return Math.min(5, facts.numbers.length)
  if (item.type === 'object') return Math.max(1, Math.min(2, facts.names.length))
  return Math.max(1, Math.min(3, facts.names.length))
}

function enumValue(values: unknown[], facts: Facts): unknown {
  const text = facts.text.toLowerCase()
  const mentioned = values.find((value) => value !== null && value !== '' && text.includes(String(value).toLowerCase()))
  return mentioned ?? values[0]
}

/** True when the text has every word of the property's name (`has_licence` → has "licence"). */
function booleanFor(facts: Facts, { name }: SchemaPlace): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 2 && !['has', 'is', 'are', 'does', 'was', 'can', 'the'].includes(word))
  const text = facts.text.toLowerCase()
  return words.length > 0 && words.every((word) => text.includes(word))
}
