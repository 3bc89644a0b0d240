import { type ErrorBody, failure as failureOf, type JobFailure } from '@switchyard/contract/broker-error'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ErrorCode } from '@switchyard/contract/error-table'
import type { OutcomeInput } from './outcome-input.ts'
import { earliestReopening } from './wait-for-health.ts'

const MOST_LISTED = 20
const RETRY_AFTER_MS = 5_000

/** What the caller of a job sees when its last attempt failed, with what was tried where that explains it. */
export function finalFailure(input: OutcomeInput, status: 'failed' | 'cancelled' | 'expired'): JobFailure {
  if (status === 'cancelled') return failureOf('job_cancelled', 'The job was cancelled.')
  if (status === 'expired') {
    return tried(input, failureOf('deadline_exceeded', 'The deadline passed before the request was answered.'))
  }

  const { failure } = input
  if (failure.class === 'invalid_request') return callersOwn(failure, 'invalid_request', null)
  if (failure.class === 'context_length') return callersOwn(failure, 'context_length_exceeded', 'messages')
  if (failure.class === 'content_filter') return callersOwn(failure, 'content_filter', null)

  if (failure.class === 'cost_limit') {
    return failureOf('cost_limit_reached', failure.message, { param: 'switchyard.max_cost_usd' })
  }

  // A stream that already carries part of an answer was interrupted, whatever stopped it.
  if (input.stream && input.contentInLog) {
    return tried(input, failureOf('stream_interrupted', 'The stream was interrupted before it was complete.'))
  }
  if (failure.class === 'unhealthy') {
    const waitMs = (earliestReopening(input) ?? 0) - input.nowMs
    const message = 'No deployment that can serve this request is healthy at the moment.'
    return tried(
      input,
      failureOf('no_healthy_deployment', message, { retryAfterMs: waitMs > 0 ? waitMs : RETRY_AFTER_MS }),
    )
  }
  if (failure.class === 'rate_limited') {
    const retryAfterMs = failure.retryAfterMs ?? RETRY_AFTER_MS
    return tried(
      input,
      failureOf('rate_limit_exceeded', 'The provider limits our rate at the moment.', { retryAfterMs }),
    )
  }
  return tried(input, failureOf('provider_error', explain(failure)))
}

/** The provider's word on a request that is at fault itself, with its own status where that is a client's error. */
function callersOwn(failure: AttemptFailure, code: ErrorCode, param: string | null): JobFailure {
  const ours = failureOf(code, failure.message, param === null ? {} : { param })
  const isClients = failure.status !== null && failure.status >= 400 && failure.status < 500
  return { status: isClients ? failure.status! : ours.status, error: failure.body ?? ours.error }
}

function explain(failure: AttemptFailure): string {
  // The provider's words on a refused key often quote the key.
  if (failure.class === 'credential') return 'The provider refused our credential.'
  if (failure.class === 'not_found') return 'The provider does not know the model.'
  if (failure.class === 'worker_lost') return 'The request was interrupted on our side too often.'
  return `No provider could answer. The last failure: ${failure.message}`
}

function tried({ attempts }: OutcomeInput, failure: JobFailure): JobFailure {
  const listed: ErrorBody['attempts'] = attempts.slice(-MOST_LISTED).map(({ deployment, errorClass, httpStatus }) => ({
    deployment,
    error_code: errorClass,
    status: httpStatus,
  }))
  return { ...failure, error: { ...failure.error, attempts: listed } }
}
