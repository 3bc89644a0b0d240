import type { AttemptFailure } from '@switchyard/contract/error-class'
import { classOf, sentence } from './classify-error.ts'
import type { ProviderKind } from './provider-kind.ts'
import type { ProviderError } from './read-error-body.ts'

/**
 * An error that came inside a stream, after its 200. While nothing was shown it is what it says it is (Anthropic's
 * `overloaded_error`, a rate limit); an error without a known name, and any error after content, is a broken stream, because
 * then `on_break` must decide.
 */
export function classifyStreamError(kind: ProviderKind, error: ProviderError, sawContent: boolean): AttemptFailure {
  const named = classOf(kind, error.status ?? 0, error)
  const failureClass = sawContent || named === 'server' || named === 'invalid_request' ? 'broken_stream' : named
  return {
    class: failureClass,
    message: `the provider sent an error inside the stream: ${sentence(named, error.status ?? 0, error)}`,
    status: 200,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(failureClass === 'context_length' || failureClass === 'content_filter'
      ? {
          body: {
            message: error.message ?? 'The provider refused the request.',
            type: 'invalid_request_error',
            param: error.param,
            code: failureClass === 'context_length' ? 'context_length_exceeded' : 'content_filter',
          },
        }
      : {}),
  }
}
