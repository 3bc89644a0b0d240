/** What a JSON value is, in one word. */
export function jsonType(value: unknown): 'null' | 'array' | 'object' | 'string' | 'boolean' | 'integer' | 'decimal' {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'decimal'
    default:
      return 'object'
  }
}
