import { BrokerError } from '@switchyard/contract/broker-error'
import type { ErrorCode } from '@switchyard/contract/error-table'
import { jsonPath } from '@switchyard/contract/json/json-path'
import type { z } from 'zod'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** The first thing wrong with a request, as OpenAI says it: exact place, and a message that holds nothing of the body. */
export function requestProblem(error: z.ZodError, body: unknown): BrokerError {
  const { issue, path } = innermost(error.issues[0]!, [])
  if (issue.code === 'unrecognized_keys') return unknownParameter([...path, issue.keys[0]!])
  const param = jsonPath(path)
  const place = param === '' ? 'the body' : `'${param}'`
  if (param !== '' && valueAt(body, path) === undefined) {
    return new BrokerError('missing_required_parameter', `Missing required parameter: ${place}.`, { param })
  }
  return new BrokerError(
    codeFor(path),
    `Invalid value for ${place}: ${describe(issue)}.`,
    param === '' ? {} : { param },
  )
}

export function unknownParameter(path: Path): BrokerError {
  const param = jsonPath(path)
  return new BrokerError('unknown_parameter', `Unknown parameter: '${param}'.`, { param })
}

function codeFor(path: Path): ErrorCode {
  if (path[0] === 'metadata') return 'invalid_metadata'
  return path[0] === 'switchyard' && path[1] === 'deadline' ? 'invalid_deadline' : 'invalid_value'
}

/** Of a union that failed, the branch that the value was meant for: the one that accepts its type and fails deepest inside. */
function innermost(issue: Issue, before: Path): { issue: Issue; path: Path } {
  const path = [...before, ...issue.path]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { issue, path }
  let best: Issue | null = null
  for (const [first] of issue.errors) {
    if (first && (first.path.length > 0 || !isTypeMismatch(first)) && (best === null || deeper(first, best)))
      best = first
  }
  return best === null ? { issue, path } : innermost(best, path)
}

/** The branch does not speak of values like this one at all. */
function isTypeMismatch(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value'
}

function deeper(a: Issue, b: Issue): boolean {
  return a.path.length > b.path.length
}

function describe(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_union': {
      if (issue.errors.length === 0) return lower(issue.message)
      const expected = issue.errors.map(([first]) => first && expectation(first)).filter((text) => text !== undefined)
      return `expected ${[...new Set(expected)].join(' or ')}`
    }
    case 'invalid_key':
      return issue.issues[0] ? `a key: ${describe(issue.issues[0])}` : 'a key is not allowed'
    default:
      return lower(issue.message)
  }
}

function expectation(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type') return issue.expected
  return issue.code === 'invalid_value'
    ? `one of ${issue.values.map((value) => `'${String(value)}'`).join(', ')}`
    : undefined
}

/** zod begins with "Invalid input: " and a capital; both read badly behind the place. */
function lower(message: string): string {
  const text = message.replace(/^Invalid (?:input|option|discriminator value)[:.] /, '')
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function valueAt(body: unknown, path: Path): unknown {
  let value: unknown = body
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<PropertyKey, unknown>)[step]
  }
  return value
}
