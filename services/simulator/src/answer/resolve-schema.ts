import type { JsonSchema } from './prompt.ts'

/** A schema with its references followed, `allOf` merged and one branch of `anyOf`/`oneOf` chosen; type in lower case. */
export interface ResolvedSchema extends JsonSchema {
  type: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'any'
}

const MOST_STEPS = 32

/**
 * Brings any schema (JSON Schema, or Gemini's OpenAPI subset with types in capitals) to one with a single type. Only local
 * references are followed; a union takes its first branch that is not null.
 */
export function resolveSchema(schema: unknown, root: JsonSchema): ResolvedSchema {
  let current = asSchema(schema)
  for (let step = 0; step < MOST_STEPS; step++) {
    const { $ref, allOf, anyOf, oneOf, ...own } = current
    if (typeof $ref === 'string') current = { ...asSchema(pointer(root, $ref)), ...own }
    else if (Array.isArray(allOf)) current = mergeAll(own, allOf)
    else if (Array.isArray(anyOf ?? oneOf)) current = { ...own, ...firstBranch((anyOf ?? oneOf) as unknown[]) }
    else break
  }
  return { ...current, type: typeOf(current) }
}

export function asSchema(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {}
}

function pointer(root: JsonSchema, reference: string): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return {}
  let current: unknown = root
  for (const step of reference.slice(2).split('/')) {
    current = asSchema(current)[step.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return current
}

function mergeAll(own: JsonSchema, parts: unknown[]): JsonSchema {
  const merged: JsonSchema = { ...own }
  for (const part of parts.map(asSchema)) {
    const properties = { ...asSchema(merged.properties), ...asSchema(part.properties) }
    const required = [...list(merged.required), ...list(part.required)]
    Object.assign(merged, part)
    if (Object.keys(properties).length > 0) merged.properties = properties
    if (required.length > 0) merged.required = required
  }
  return merged
}

function firstBranch(branches: unknown[]): JsonSchema {
  const schemas = branches.map(asSchema)
  return schemas.find((branch) => String(branch.type).toLowerCase() !== 'null') ?? schemas[0] ?? {}
}

function typeOf(schema: JsonSchema): ResolvedSchema['type'] {
  const types = list(schema.type).map((type) => String(type).toLowerCase())
  const type = types.find((candidate) => candidate !== 'null') ?? types[0]
  switch (type) {
    case 'object':
    case 'array':
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'null':
      return type
    default:
      if (schema.properties !== undefined) return 'object'
      return schema.items === undefined ? 'any' : 'array'
  }
}

export function list(value: unknown): unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}
