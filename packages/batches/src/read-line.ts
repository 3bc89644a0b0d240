import { BrokerError } from '@switchyard/contract/broker-error'
import { readJson } from '@switchyard/contract/json/read-json'
import type { InputProblem } from './batch-record.ts'

const LONGEST_CUSTOM_ID = 512
const KNOWN = new Set(['custom_id', 'method', 'url', 'body'])

/** What one line of an input asks, or what is wrong with it. The body is checked when it is run: a bad one is that line's error. */
export type LineReading = { customId: string; model: string } | { problem: Omit<InputProblem, 'line'> }

/** Reads one line of an input for batches of `endpoint` (https://platform.openai.com/docs/api-reference/batch/request-input). */
export function readLine(bytes: Buffer, endpoint: string): LineReading {
  let value: unknown
  try {
    value = readJson(bytes)
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    return problem('invalid_json_line', `This line is not a JSON document that can be taken: ${error.message}`, null)
  }
  if (!isObject(value)) return problem('invalid_json_line', 'This line is not a JSON object.', null)
  const { custom_id: customId, method, url, body } = value
  for (const name of Object.keys(value)) {
    if (!KNOWN.has(name))
      return problem('unknown_parameter', `Unknown parameter: '${name.slice(0, 64)}'.`, name.slice(0, 64))
  }
  for (const [name, given] of Object.entries({ custom_id: customId, method, url, body })) {
    if (given === undefined)
      return problem('missing_required_parameter', `Missing required parameter: '${name}'.`, name)
  }
  if (typeof customId !== 'string' || customId === '' || customId.length > LONGEST_CUSTOM_ID) {
    return problem('invalid_value', `'custom_id' must be a text of 1 to ${LONGEST_CUSTOM_ID} characters.`, 'custom_id')
  }
  if (method !== 'POST') return problem('invalid_method', "'method' must be POST.", 'method')
  if (url !== endpoint) {
    return problem('mismatched_endpoint', `'url' must be the endpoint of the batch, ${endpoint}.`, 'url')
  }
  if (!isObject(body)) return problem('invalid_value', "'body' must be a JSON object.", 'body')
  if (typeof body.model !== 'string' || body.model === '') {
    return problem('invalid_value', "'body.model' must name a model.", 'body.model')
  }
  return { customId, model: body.model }
}

function problem(code: string, message: string, param: string | null): LineReading {
  return { problem: { code, message, param } }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
