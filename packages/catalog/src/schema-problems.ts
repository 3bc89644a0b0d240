import { z } from 'zod'
import type { PathProblem } from './catalog-problem.ts'
import { nearestName } from './nearest-name.ts'

/** What a schema refused of `value`, in words for the person who wrote the file. */
export function schemaProblems(schema: z.ZodType, value: unknown, error: z.ZodError): PathProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
    if (issue.code === 'unrecognized_keys') return unknownKeys(schema, path, issue.keys)
    if (issue.code === 'invalid_key') return [{ path, reason: issue.issues[0]?.message ?? 'is not a valid name' }]
    return [{ path, reason: isMissing(value, path) ? 'is missing' : plainly(issue) }]
  })
}

function isMissing(value: unknown, path: (string | number)[]): boolean {
  let here = value
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return true
    here = (here as Record<string | number, unknown>)[step]
  }
  return here === undefined
}

/** Our schema words its own messages; what is left are maps and lists of the wrong shape. */
function plainly(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && (issue.expected === 'object' || issue.expected === 'record'))
    return 'must be a map'
  if (issue.code === 'invalid_type' && issue.expected === 'array') return 'must be a list'
  return issue.message
}

function unknownKeys(schema: z.ZodType, path: (string | number)[], keys: string[]): PathProblem[] {
  const known = knownKeys(schema, path)
  return keys.map((key) => {
    const meant = nearestName(key, known)
    return {
      path: [...path, key],
      reason:
        meant === null ? `is not known here; known are ${known.join(', ')}` : `is not known; did you mean ${meant}?`,
    }
  })
}

/** The keys that the schema has at a path. */
function knownKeys(schema: z.ZodType, path: (string | number)[]): string[] {
  let here: unknown = schema
  for (const step of path) {
    here = unwrap(here)
    if (here instanceof z.ZodObject) here = here.shape[step]
    else if (here instanceof z.ZodRecord) here = here.valueType
    else return []
  }
  here = unwrap(here)
  if (here instanceof z.ZodObject) return Object.keys(here.shape)
  if (here instanceof z.ZodRecord && here.keyType instanceof z.ZodEnum) return here.keyType.options.map(String)
  return []
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrap(schema.unwrap()) : schema
}
