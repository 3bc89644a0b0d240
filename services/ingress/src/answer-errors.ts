import { type BrokerError, toFailure } from '@switchyard/contract/broker-error'
import { newUlid } from '@switchyard/contract/ids'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Metrics } from '@switchyard/telemetry/metric-registry'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { failureHeaders } from './failure-headers.ts'
import { rarely } from './rarely.ts'
import { toBrokerError } from './to-broker-error.ts'

const LOG_EVERY_MS = 1_000

export type AnswerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/**
 * The one place where an error becomes an answer: OpenAI's shape, with `x-request-id`. Faults of ours are logged with their cause,
 * at most one of a kind each second (with Redis away every request has the same).
 */
export function answerErrors(logger: Logger, metrics: Metrics): AnswerError {
  const mayLog = rarely(LOG_EVERY_MS)

  function log(error: BrokerError, requestId: string, request: FastifyRequest): void {
    if (!mayLog(error.code)) return
    const level = error.code === 'internal_error' ? 'error' : 'warn'
    logger[level]({ err: error, requestId, route: request.routeOptions.url }, 'request failed')
  }

  return (thrown, request, reply) => {
    const error = toBrokerError(thrown)
    const requestId = newRequestId()
    if (error.status >= 500 && error.cause !== undefined) log(error, requestId, request)
    const failure = toFailure(error)
    if (failure.status === 429 || failure.status === 503) {
      const endpoint = request.routeOptions.url ?? 'none'
      metrics.counter('switchyard_requests_shed_total').add({ endpoint, reason: error.code })
    }
    reply
      .code(failure.status)
      .headers({ 'x-request-id': requestId, ...failureHeaders(failure) })
      .send(JSON.stringify({ error: failure.error }))
  }
}

/** The id of a request that became no job. */
export function newRequestId(): string {
  return `req_${newUlid()}`
}
