import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Question } from './request-line.ts'
import { UsageError } from './usage-error.ts'

/** The options of `switchyard batch` as they were typed. */
export interface BatchOptions {
  model?: string
  prompt?: string
  promptFile?: string
  schema?: string
  maxTokens?: number
  maxBytes: number
  endpoint: string
  window: string
  out?: string
  resume?: string
  baseUrl?: string
  apiKey?: string
}

/** The question that the options ask of every document. Throws a `UsageError` for a file that can't be read or is no schema. */
export async function readQuestion(options: BatchOptions, directory: string): Promise<Question> {
  const { endpoint, model = null, prompt = null, promptFile, schema, maxTokens = null } = options
  if (prompt !== null && promptFile !== undefined)
    throw new UsageError('--prompt and --prompt-file say the same thing: give one')
  return {
    endpoint,
    model,
    prompt: promptFile === undefined ? prompt : await read('--prompt-file', promptFile, directory),
    schema: schema === undefined ? null : toFormat(await read('--schema', schema, directory), schema),
    maxTokens,
  }
}

async function read(option: string, file: string, directory: string): Promise<string> {
  try {
    return await readFile(resolve(directory, file), 'utf8')
  } catch (error) {
    throw new UsageError(`${option} ${file} can't be read: ${(error as Error).message}`)
  }
}

/** A bare JSON schema, or OpenAI's `{ name, schema, strict }` as it is. */
function toFormat(content: string, file: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw new UsageError(`--schema ${file} is not JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`--schema ${file} is no JSON schema`)
  const given = value as Record<string, unknown>
  if (typeof given.name === 'string' && typeof given.schema === 'object') return given
  return { name: 'document', strict: true, schema: given }
}
