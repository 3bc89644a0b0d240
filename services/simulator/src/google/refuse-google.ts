import type { Trouble } from '../dialect.ts'
import type { Problem } from '../problem/first-problem.ts'
import { Refusal } from '../refusal.ts'

/** Google's errors, `google.rpc.Status` in JSON: https://cloud.google.com/apis/design/errors */
const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const MESSAGES: Record<number, string> = {
  401: 'Request had invalid authentication credentials.',
  403: 'The caller does not have permission',
  404: 'Requested entity was not found.',
  429: 'Resource has been exhausted (e.g. check quota).',
  500: 'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
  503: 'The model is overloaded. Please try again later.',
  504: 'The request timed out. Please try again.',
}

export function googleError(code: number, message: string, details?: unknown[]): string {
  const status = STATUS[code] ?? (code < 500 ? 'FAILED_PRECONDITION' : 'UNKNOWN')
  return JSON.stringify({ error: { code, message, status, ...(details === undefined ? {} : { details }) } })
}

export function googleRefusal(code: number, message: string, details?: unknown[]): Refusal {
  return new Refusal(code, googleError(code, message, details), ['content-type', 'application/json; charset=UTF-8'])
}

export function googleProblem(problem: Problem): Refusal {
  const { field, description } = describe(problem)
  const details = [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] }]
  return googleRefusal(400, description, details)
}

function describe(problem: Problem): { field: string; description: string } {
  const field = fieldOf(problem.path)
  switch (problem.kind) {
    case 'missing':
      return { field, description: `* GenerateContentRequest.${field}: must be set\n` }
    case 'type':
      return {
        field,
        description: `Invalid value at '${field}' (TYPE_${problem.expected[0]?.toUpperCase()}), ${JSON.stringify(problem.value)}`,
      }
    case 'value':
      return { field, description: `Invalid value at '${field}' (TYPE_ENUM), ${JSON.stringify(problem.value)}` }
    case 'unknown': {
      const place = field === '' ? '' : ` at '${field}'`
      return {
        field,
        description: `Invalid JSON payload received. Unknown name "${problem.key}"${place}: Cannot find field.`,
      }
    }
    case 'least':
    case 'most':
      return {
        field,
        description: `* GenerateContentRequest.${field}: out of range, the ${problem.kind} is ${problem.bound}\n`,
      }
    default:
      return { field, description: `Invalid value at '${field}': ${problem.message}` }
  }
}

/** Paths are told in proto's spelling: `generation_config.top_p`, `contents[0].parts[1]`. */
function fieldOf(path: PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    const name = String(step).replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)
    return text === '' ? name : `${text}.${name}`
  }, '')
}

/** What can happen to any call, in Google's words. When to come back stands in the body (`RetryInfo`), not in a header. */
export function googleTrouble(trouble: Trouble): Refusal {
  switch (trouble.kind) {
    case 'status': {
      const { status, retryAfter } = trouble
      const message = trouble.message ?? MESSAGES[status] ?? 'The request was refused.'
      return googleRefusal(status, message, retryAfter === undefined ? undefined : [retryInfo(`${retryAfter}s`)])
    }
    case 'rate_limited': {
      const { scope, model, limit, retryAfterMs } = trouble
      const metric = `generativelanguage.googleapis.com/generate_content_${scope === 'tokens' ? 'input_token_count' : 'requests'}`
      const delay = `${Math.ceil(retryAfterMs) / 1000}s`
      const message = `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: ${metric}, limit: ${limit}, model: ${model}\nPlease retry in ${delay}.`
      const violation = {
        quotaMetric: metric,
        quotaId:
          scope === 'tokens'
            ? 'GenerateContentInputTokensPerModelPerMinute'
            : 'GenerateRequestsPerMinutePerProjectPerModel',
        quotaDimensions: { location: 'global', model },
        quotaValue: String(limit),
      }
      return googleRefusal(429, message, [
        { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] },
        retryInfo(delay),
      ])
    }
    case 'context_length':
      return googleRefusal(
        400,
        `The input token count (${trouble.tokens}) exceeds the maximum number of tokens allowed (${trouble.window}).`,
      )
    case 'body_too_large':
      return googleRefusal(400, `Request payload size exceeds the limit: ${trouble.mostBytes} bytes.`)
    case 'not_found':
      return googleRefusal(404, MESSAGES[404]!)
  }
}

function retryInfo(retryDelay: string) {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }
}
