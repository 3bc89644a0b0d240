import type { z } from 'zod'

/** The first thing wrong with a body, in neutral words; each dialect says it in its own. */
export type Problem =
  | { kind: 'missing'; path: PropertyKey[] }
  | { kind: 'type'; path: PropertyKey[]; expected: string[]; value: unknown }
  | { kind: 'value'; path: PropertyKey[]; allowed: string[]; value: unknown }
  | { kind: 'least' | 'most'; path: PropertyKey[]; of: 'number' | 'array' | 'string'; bound: number; value: unknown }
  | { kind: 'unknown'; path: PropertyKey[]; key: string }
  | { kind: 'other'; path: PropertyKey[]; message: string }

/** Missing fields are told before wrong ones, and unknown ones last, as the APIs do. */
export function firstProblem(error: z.ZodError, body: unknown): Problem {
  const problems = error.issues.map((issue) => toProblem(issue, [], body))
  return (
    problems.find(({ kind }) => kind === 'missing') ??
    problems.find(({ kind }) => kind !== 'unknown') ??
    problems[0] ?? { kind: 'other', path: [], message: 'Invalid body' }
  )
}

function toProblem(issue: z.core.$ZodIssue, parent: PropertyKey[], body: unknown): Problem {
  const path = [...parent, ...issue.path]
  const value = valueAt(body, path)
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return { kind: 'missing', path }
      return { kind: 'type', path, expected: [String(issue.expected)], value }
    case 'invalid_value':
      if (value === undefined) return { kind: 'missing', path }
      return { kind: 'value', path, allowed: issue.values.map(String), value }
    case 'too_small':
    case 'too_big': {
      const of = issue.origin === 'array' ? 'array' : issue.origin === 'string' ? 'string' : 'number'
      const bound = Number(issue.code === 'too_small' ? issue.minimum : issue.maximum)
      return { kind: issue.code === 'too_small' ? 'least' : 'most', path, of, bound, value }
    }
    case 'unrecognized_keys':
      return { kind: 'unknown', path, key: issue.keys[0] ?? '' }
    case 'invalid_union':
      return unionProblem(issue, path, value, body)
    default:
      return { kind: 'other', path, message: issue.message }
  }
}

/** Of the branches of a union the one that got furthest is meant; when none took the value's type, all types are expected. */
function unionProblem(
  issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>,
  path: PropertyKey[],
  value: unknown,
  body: unknown,
): Problem {
  if (value === undefined) return { kind: 'missing', path }
  if (issue.errors.length === 0) {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
    return { kind: 'value', path, allowed: options, value }
  }
  const branches = issue.errors.map((issues) => issues[0]).filter((first) => first !== undefined)
  const inside = branches.find((first) => first.code !== 'invalid_type' || first.path.length > 0)
  if (inside !== undefined) return toProblem(inside, path, body)
  const expected = branches.map((first) => (first.code === 'invalid_type' ? String(first.expected) : 'value'))
  return { kind: 'type', path, expected, value }
}

function valueAt(body: unknown, path: PropertyKey[]): unknown {
  let value = body
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, step)
  }
  return value
}
