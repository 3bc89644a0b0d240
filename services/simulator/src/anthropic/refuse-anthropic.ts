import type { Trouble } from '../dialect.ts'
import type { Problem } from '../problem/first-problem.ts'
import { Refusal } from '../refusal.ts'

/** Anthropic's errors: https://platform.claude.com/docs/en/api/errors */
const TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const MESSAGES: Record<number, string> = {
  401: 'invalid x-api-key',
  403: 'Your API key does not have permission to use the specified resource.',
  429: "This request would exceed your account's rate limit. Please try again later.",
  500: 'Internal server error',
  529: 'Overloaded',
}

export function anthropicRefusal(status: number, message: string, callId: string, headers: string[] = []): Refusal {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  const body = JSON.stringify({ type: 'error', error: { type, message }, request_id: callId })
  return new Refusal(status, body, ['content-type', 'application/json', 'request-id', callId, ...headers])
}

/** In the words of its validator: `messages.0.content: Input should be a valid list`. */
export function anthropicProblem(problem: Problem, callId: string): Refusal {
  return anthropicRefusal(400, `${describe(problem)}`, callId)
}

function describe(problem: Problem): string {
  const path = problem.path.map(String).join('.')
  switch (problem.kind) {
    case 'missing':
      return `${path}: Field required`
    case 'type':
      return `${path}: Input should be a valid ${problem.expected.map(typeName).join(' or ')}`
    case 'value': {
      const expected = problem.allowed.map((value) => `'${value}'`).join(', ')
      if (problem.path.at(-1) !== 'type') return `${path}: Input should be ${expected.replace(/, (?=[^,]*$)/, ' or ')}`
      const parent = problem.path.slice(0, -1).map(String).join('.')
      return `${parent}: Input tag '${String(problem.value)}' found using 'type' does not match any of the expected tags: ${expected}`
    }
    case 'least':
    case 'most': {
      const least = problem.kind === 'least'
      if (problem.of === 'number') {
        return `${path}: Input should be ${least ? 'greater' : 'less'} than or equal to ${problem.bound}`
      }
      const unit = problem.of === 'array' ? 'item' : 'character'
      return `${path}: ${problem.of === 'array' ? 'List' : 'String'} should have at ${least ? 'least' : 'most'} ${problem.bound} ${unit}${problem.bound === 1 ? '' : 's'}`
    }
    case 'unknown':
      return `${path === '' ? '' : `${path}.`}${problem.key}: Extra inputs are not permitted`
    default:
      return `${path}: ${problem.message}`
  }
}

function typeName(type: string): string {
  const names: Record<string, string> = { array: 'list', object: 'dictionary', record: 'dictionary', int: 'integer' }
  return names[type] ?? type
}

/** What can happen to any call, in Anthropic's words. */
export function anthropicTrouble(trouble: Trouble, callId: string): Refusal {
  switch (trouble.kind) {
    case 'status': {
      const { status, message, retryAfter } = trouble
      const headers = retryAfter === undefined ? [] : ['retry-after', String(retryAfter)]
      const words = message ?? MESSAGES[status] ?? (status < 500 ? 'The request was refused.' : 'Internal server error')
      return anthropicRefusal(status, words, callId, headers)
    }
    case 'rate_limited': {
      const { scope, limit, used, retryAfterMs } = trouble
      const seconds = String(Math.ceil(retryAfterMs / 1000))
      if (scope === 'in_flight') {
        const message =
          'Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales at https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase.'
        return anthropicRefusal(429, message, callId, ['retry-after', seconds])
      }
      const message = `This request would exceed your organization's rate limit of ${limit.toLocaleString('en')} ${scope === 'tokens' ? 'tokens' : 'requests'} per minute (org: org-simulator, model: ${trouble.model}). For details, refer to: https://docs.claude.com/en/api/rate-limits.`
      const name = `anthropic-ratelimit-${scope}`
      const reset = new Date(Date.now() + retryAfterMs).toISOString()
      const headers = ['retry-after', seconds, `${name}-limit`, String(limit)]
      headers.push(`${name}-remaining`, String(Math.max(0, limit - used)), `${name}-reset`, reset)
      return anthropicRefusal(429, message, callId, headers)
    }
    case 'context_length':
      return anthropicRefusal(400, `prompt is too long: ${trouble.tokens} tokens > ${trouble.window} maximum`, callId)
    case 'body_too_large':
      return anthropicRefusal(413, 'Request exceeds the maximum size', callId)
    case 'not_found':
      return anthropicRefusal(404, 'Not found', callId)
  }
}
