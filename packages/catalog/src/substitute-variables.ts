import type { PathProblem } from './catalog-problem.ts'

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/**
 * A copy of parsed YAML in which `${NAME}` inside scalars is replaced from `env`: the result is always text and never parsed
 * again, so a value can't become structure. A provider's `apiKey` is left alone, as it stays a reference (see `Provider`).
 * Variables that are not set are reported and left as they stand.
 */
export function substituteVariables(
  root: unknown,
  env: Record<string, string | undefined>,
): { value: unknown; problems: PathProblem[] } {
  const problems: PathProblem[] = []

  function visit(value: unknown, path: (string | number)[]): unknown {
    if (typeof value === 'string') return isApiKey(path) ? value : replace(value, path)
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]))
    if (typeof value === 'object' && value !== null) {
      // Records would lose this key without a word, and with it whatever stands below.
      if (Object.hasOwn(value, '__proto__')) problems.push({ path: [...path, '__proto__'], reason: 'is not a name' })
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]))
    }
    return value
  }

  function replace(text: string, path: (string | number)[]): string {
    return text.replace(VARIABLE, (whole, name: string) => {
      const found = env[name]
      if (found !== undefined) return found
      problems.push({ path, reason: `the environment variable ${name} is not set` })
      return whole
    })
  }

  return { value: visit(root, []), problems }
}

function isApiKey(path: (string | number)[]): boolean {
  return path.length === 3 && path[0] === 'providers' && path[2] === 'apiKey'
}
