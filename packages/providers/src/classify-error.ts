import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorBody } from '@switchyard/contract/broker-error'
import type { AttemptFailure, ErrorClass } from '@switchyard/contract/error-class'
import type { ProviderKind } from './provider-kind.ts'
import { rateLimitFacts } from './rate-limit-facts.ts'
import { type ProviderError, readErrorBody } from './read-error-body.ts'

/** Names that mean the same in every status below 500. Lower case. */
const BY_NAME: Partial<Record<ErrorClass, string[]>> = {
  credential: [
    'insufficient_quota',
    'billing_hard_limit_reached',
    'billing_not_active',
    'billing_error',
    'insufficient_balance',
    'insufficient_credits',
    'account_deactivated',
    'invalid_api_key',
    'api_key_invalid',
    'authentication_error',
    'unauthenticated',
    'permission_error',
    'permission_denied',
  ],
  not_found: ['model_not_found', 'not_found_error', 'not_found', 'deploymentnotfound', 'model_not_available'],
  context_length: ['context_length_exceeded', 'exceed_context_size_error', 'request_too_large'],
  content_filter: ['content_filter', 'content_policy_violation', 'responsibleaipolicyviolation'],
  overloaded: ['overloaded_error', 'engine_overloaded', 'unavailable'],
  rate_limited: ['rate_limit_error', 'rate_limit_exceeded', 'resource_exhausted'],
}

/** What only the sentence tells. Patterns are bounded and linear; they see at most 4 KB. */
const BY_MESSAGE: { class: ErrorClass; pattern: RegExp }[] = [
  { class: 'credential', pattern: /credit balance is too low|api key not valid|api key expired/i },
  {
    class: 'context_length',
    pattern:
      /prompt is too long|maximum context length|context limit|context window|available context size|input token count|input is too long|too many tokens/i,
  },
  { class: 'content_filter', pattern: /content filtering policy|content management policy|blocked by .{0,40}safety/i },
]

const MAX_MESSAGE = 4_096

/**
 * An HTTP error of a provider as a value (design.md §6). The message is ours: a fixed sentence with the status and the
 * provider's code, never its text, which may repeat the prompt. Where the caller made the mistake, `body` keeps the provider's
 * own words in OpenAI's shape.
 */
export function classifyError(
  kind: ProviderKind,
  status: number,
  headers: IncomingHttpHeaders,
  bodyText: string,
): AttemptFailure {
  const error = readErrorBody(bodyText)
  const failureClass = classOf(kind, status, error)
  const asked = rateLimitFacts(headers).retryAfterMs ?? error?.retryAfterMs
  return {
    class: failureClass,
    message: sentence(failureClass, status, error),
    status,
    ...(asked === undefined ? {} : { retryAfterMs: asked }),
    ...(isCallersError(failureClass) ? { body: openAiShape(failureClass, status, error) } : {}),
  }
}

/** The class of an error by status, names and sentence; 0 for one that came inside a stream and has no status. */
export function classOf(kind: ProviderKind, status: number, error: ProviderError | null): ErrorClass {
  const names = [error?.code, error?.type, ...(error?.reasons ?? [])].flatMap((name) =>
    name ? [name.toLowerCase()] : [],
  )
  const named = (name: ErrorClass) => BY_NAME[name]?.some((known) => names.includes(known)) ?? false

  if (status >= 500) return status === 503 || status === 529 || named('overloaded') ? 'overloaded' : 'server'
  if (status === 401 || status === 402) return 'credential'
  if (status === 413) return 'context_length'
  for (const name of ['credential', 'not_found', 'context_length', 'content_filter', 'overloaded'] as const) {
    if (named(name)) return name
  }
  // Google's word for a country or a billing account that may not use the API.
  if (kind === 'google' && error?.type === 'FAILED_PRECONDITION') return 'credential'
  if (status === 429 || named('rate_limited')) return 'rate_limited'
  if (status === 403) return 'credential'
  if (status === 404) return 'not_found'
  const said = error?.message?.slice(0, MAX_MESSAGE) ?? ''
  const told = BY_MESSAGE.find(({ pattern }) => pattern.test(said))
  if (told !== undefined) return told.class
  // Timeouts and conflicts of the provider's own making, redirects that are not followed, and what cannot be a status.
  if (status < 400 || status === 408 || status === 409 || status === 424 || status === 425 || status === 499)
    return 'server'
  return 'invalid_request'
}

function isCallersError(failureClass: ErrorClass): boolean {
  return failureClass === 'invalid_request' || failureClass === 'context_length' || failureClass === 'content_filter'
}

function openAiShape(failureClass: ErrorClass, status: number, error: ProviderError | null): ErrorBody {
  const code =
    failureClass === 'context_length'
      ? 'context_length_exceeded'
      : failureClass === 'content_filter'
        ? 'content_filter'
        : error?.status === null
          ? error.code
          : null
  return {
    message: error?.message?.slice(0, MAX_MESSAGE) ?? `The provider refused the request (${status}).`,
    type: 'invalid_request_error',
    param: error?.param ?? null,
    code,
  }
}

const SENTENCES: Partial<Record<ErrorClass, string>> = {
  overloaded: 'the provider is overloaded',
  server: 'the provider failed',
  rate_limited: 'the provider limits our rate',
  credential: 'the provider refused our credential or quota',
  not_found: 'the provider does not know the model',
  context_length: 'the request is longer than the model can take',
  content_filter: 'the provider refused the content',
  invalid_request: 'the provider refused the request',
}

/** `the provider is overloaded (529 overloaded_error)`: names of providers only if they are words, never free text. */
export function sentence(failureClass: ErrorClass, status: number, error: ProviderError | null): string {
  const name = [error?.code, error?.type].find((text) => text && /^[A-Za-z_.-]{1,64}$/.test(text))
  const detail = [status === 0 ? undefined : status, name].filter((part) => part !== undefined).join(' ')
  return detail === ''
    ? (SENTENCES[failureClass] ?? 'the attempt failed')
    : `${SENTENCES[failureClass] ?? 'the attempt failed'} (${detail})`
}
