import type { Trouble } from '../dialect.ts'
import type { Problem } from '../problem/first-problem.ts'
import { jsonType } from '../problem/json-type.ts'
import { Refusal } from '../refusal.ts'
import { formatReset } from './rate-limit-headers.ts'

/** OpenAI's errors: https://platform.openai.com/docs/guides/error-codes */
export interface OpenaiError {
  message: string
  type?: string
  param?: string | null
  code?: string | null
}

export function openaiRefusal(status: number, error: OpenaiError, callId: string, headers: string[] = []): Refusal {
  const { message, type = 'invalid_request_error', param = null, code = null } = error
  const body = JSON.stringify({ error: { message, type, param, code } })
  return new Refusal(status, body, ['content-type', 'application/json', 'x-request-id', callId, ...headers])
}

export function openaiProblem(problem: Problem, callId: string): Refusal {
  return openaiRefusal(400, problemError(problem), callId)
}

function problemError(problem: Problem): OpenaiError {
  const param = paramOf(problem.path)
  switch (problem.kind) {
    case 'missing':
      if (param === 'model') return { message: 'you must provide a model parameter' }
      return { message: `Missing required parameter: '${param}'.`, param, code: 'missing_required_parameter' }
    case 'type': {
      const expected = oneOf(problem.expected.map(typeName))
      const got = article(jsonType(problem.value))
      const message = `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`
      return { message, param, code: 'invalid_type' }
    }
    case 'value': {
      const supported = listed(problem.allowed.map((value) => `'${value}'`))
      const message = `Invalid value: '${String(problem.value)}'. Supported values are: ${supported}.`
      return { message, param, code: 'invalid_value' }
    }
    case 'least':
    case 'most':
      return boundError(problem, param)
    case 'unknown':
      if (problem.path.length === 0) return { message: `Unrecognized request argument supplied: ${problem.key}` }
      return {
        message: `Unknown parameter: '${param}.${problem.key}'.`,
        param: `${param}.${problem.key}`,
        code: 'unknown_parameter',
      }
    default:
      return { message: `Invalid '${param}': ${problem.message}.`, param, code: 'invalid_value' }
  }
}

function boundError(problem: Extract<Problem, { kind: 'least' | 'most' }>, param: string): OpenaiError {
  const { kind, of, bound, value } = problem
  const least = kind === 'least'
  if (of === 'number') {
    const type = jsonType(value)
    const message = `Invalid '${param}': ${type} ${least ? 'below minimum' : 'above maximum'} value. Expected a value ${least ? '>=' : '<='} ${bound}, but got ${String(value)} instead.`
    return { message, param, code: `${type}_${least ? 'below_min' : 'above_max'}_value` }
  }
  if (least && bound === 1) {
    const message = `Invalid '${param}': empty ${of}. Expected ${article(of)} with minimum length 1, but got an empty ${of} instead.`
    return { message, param, code: `empty_${of}` }
  }
  const length = Array.isArray(value) || typeof value === 'string' ? value.length : 0
  const message = `Invalid '${param}': ${of} too ${least ? 'short' : 'long'}. Expected ${article(of)} with ${least ? 'minimum' : 'maximum'} length ${bound}, but got ${article(of)} with length ${length} instead.`
  return { message, param, code: `${of}_${least ? 'below_min' : 'above_max'}_length` }
}

/** What can happen to any call, in OpenAI's words. */
export function openaiTrouble(trouble: Trouble, callId: string): Refusal {
  switch (trouble.kind) {
    case 'status': {
      const { status, message, retryAfter } = trouble
      const headers = retryAfter === undefined ? [] : ['retry-after', String(retryAfter)]
      return openaiRefusal(
        status,
        { ...statusError(status), ...(message === undefined ? {} : { message }) },
        callId,
        headers,
      )
    }
    case 'rate_limited': {
      const { scope, model, limit, used, requested, retryAfterMs } = trouble
      const unit = {
        requests: 'requests per min (RPM)',
        tokens: 'tokens per min (TPM)',
        in_flight: 'concurrent requests',
      }[scope]
      const message = `Rate limit reached for ${model} in organization org-simulator on ${unit}: Limit ${limit}, Used ${used}, Requested ${requested}. Please try again in ${formatReset(retryAfterMs)}. Visit https://platform.openai.com/account/rate-limits to learn more.`
      const headers = ['retry-after', String(Math.ceil(retryAfterMs / 1000)), 'retry-after-ms', String(retryAfterMs)]
      if (scope !== 'in_flight') {
        headers.push(
          `x-ratelimit-limit-${scope}`,
          String(limit),
          `x-ratelimit-remaining-${scope}`,
          String(Math.max(0, limit - used)),
        )
        headers.push(`x-ratelimit-reset-${scope}`, formatReset(retryAfterMs))
      }
      return openaiRefusal(429, { message, type: scope, code: 'rate_limit_exceeded' }, callId, headers)
    }
    case 'context_length': {
      const message = `This model's maximum context length is ${trouble.window} tokens. However, your messages resulted in ${trouble.tokens} tokens. Please reduce the length of the messages.`
      return openaiRefusal(400, { message, param: 'messages', code: 'context_length_exceeded' }, callId)
    }
    case 'body_too_large':
      return openaiRefusal(413, { message: `Request body is larger than ${trouble.mostBytes} bytes.` }, callId)
    case 'not_found': {
      const path = trouble.path.replace('/openai', '')
      return openaiRefusal(404, { message: `Invalid URL (${trouble.method} ${path})` }, callId)
    }
  }
}

/** The error object that goes with a bare status. */
function statusError(status: number): OpenaiError {
  switch (status) {
    case 401:
      return { message: 'Incorrect API key provided.', code: 'invalid_api_key' }
    case 403:
      return { message: 'You are not allowed to use this model.', code: 'model_not_allowed' }
    case 404:
      return { message: 'The model does not exist or you do not have access to it.', code: 'model_not_found' }
    case 429:
      return { message: 'Rate limit reached. Please try again later.', type: 'requests', code: 'rate_limit_exceeded' }
    case 503:
      return {
        message: 'The engine is currently overloaded, please try again later',
        type: 'service_unavailable',
        code: 'server_is_overloaded',
      }
    default:
      if (status < 500) return { message: 'The request was refused.' }
      return {
        message: 'The server had an error while processing your request. Sorry about that!',
        type: 'server_error',
      }
  }
}

function paramOf(path: PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? String(step) : `${text}.${String(step)}`
  }, '')
}

function typeName(type: string): string {
  const names: Record<string, string> = {
    int: 'integer',
    number: 'decimal',
    array: 'array of objects',
    record: 'object',
  }
  return names[type] ?? type
}

function article(type: string): string {
  if (type === 'null') return 'null'
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`
}

function oneOf(types: string[]): string {
  return types.length === 1 ? article(types[0]!) : `one of ${article(types.slice(0, -1).join(', '))} or ${types.at(-1)}`
}

function listed(values: string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')}, and ${values.at(-1)}`
}
