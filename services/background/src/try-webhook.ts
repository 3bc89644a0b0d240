import { isJobId } from '@switchyard/contract/ids'
import { jobIdOfResponse } from '@switchyard/contract/openai-responses/response-id'
import { LOOP_HEADER, LOOP_TOKEN } from '@switchyard/contract/webhook'
import type { Egress, EgressOutcome } from '@switchyard/egress/egress'
import { KEEP_MS } from '@switchyard/jobs/durations'
import { keepJob } from '@switchyard/jobs/keep-job'
import { judgeTry, type TryAnswer } from '@switchyard/notifications/judge-try'
import { secretsNow } from '@switchyard/notifications/secrets'
import { signatureHeaders } from '@switchyard/notifications/sign'
import { endTry, putBackTry, type Try } from '@switchyard/notifications/tries'
import type { RedisClient } from '@switchyard/redis/connect'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import type { Logger } from '@switchyard/telemetry/logger'
import { startSpan } from '@switchyard/telemetry/spans'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'

/** One try: sign, call, judge, write down. Resolves with when its project is to be looked at next, epoch ms. */
export async function tryWebhook(
  context: {
    redis: RedisClient
    egress: Egress
    masterSecret: string
    telemetry: Telemetry
    logger: Logger
    signal: AbortSignal
  },
  attempt: Try,
): Promise<{ nextAtMs: number | null }> {
  const { redis, egress, masterSecret, telemetry, logger, signal } = context
  const atMs = Date.now()
  const span = startSpan(telemetry, SPAN.webhook, {
    parent: attempt.traceparent,
    kind: 'client',
    attributes: {
      [ATTR.project]: attempt.project,
      [ATTR.jobId]: jobIdOf(attempt) ?? undefined,
      [ATTR.webhookEndpoint]: attempt.owner,
      [ATTR.webhookEvent]: attempt.event.type,
      [ATTR.webhookTry]: attempt.number,
      [ATTR.httpMethod]: 'POST',
      [ATTR.serverAddress]: URL.parse(attempt.url)?.hostname,
    },
  })
  const body = JSON.stringify(attempt.event)
  const secrets = secretsNow(masterSecret, attempt.secretOwner, attempt.secret, atMs)
  const outcome = await egress.post({
    url: attempt.url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Switchyard-Webhooks/0.1',
      [LOOP_HEADER]: LOOP_TOKEN,
      ...signatureHeaders({ id: attempt.event.id, atMs, body, secrets }),
    },
    body,
    signal,
  })
  const answer = answerOf(outcome)
  if (answer === null) {
    span.fail('aborted')
    span.end()
    return putBackTry(redis, attempt, 0)
  }
  telemetry.metrics.histogram('switchyard_webhook_try_seconds').observe({}, outcome.durationMs / 1_000)
  const verdict = judgeTry(answer, attempt.number, Date.now(), Math.random())
  const status = 'status' in answer ? answer.status : null
  span.set({ [ATTR.httpStatus]: status ?? undefined, [ATTR.outcome]: verdict.result })
  if (verdict.error) span.fail(verdict.error)
  span.end()
  telemetry.metrics.counter('switchyard_webhook_tries_total').add({ outcome: verdict.result })
  const ended = await endTry(redis, attempt, verdict, {
    at: atMs / 1_000,
    status_code: status,
    error: verdict.error,
    // How long a refusal took would tell what is there.
    duration_ms: verdict.error === 'url_not_allowed' ? null : Math.round(outcome.durationMs),
  })
  if (!attempt.isTest) await keepResult(redis, attempt, verdict.delayMs)
  const level = verdict.result === 'delivered' ? 'debug' : 'info'
  logger[level](
    {
      project: attempt.project,
      delivery: attempt.deliveryId,
      endpoint: attempt.owner,
      event: attempt.event.type,
      try: attempt.number,
      status,
      reason: verdict.error,
      result: verdict.result,
      durationMs: Math.round(outcome.durationMs),
      lost: ended.lost,
      traceId: span.traceId,
    },
    'webhook try',
  )
  return ended
}

/** Whoever is told late can still ask for what he is told of: a day from this try, or from the next. */
async function keepResult(redis: RedisClient, attempt: Try, delayMs: number): Promise<void> {
  const jobId = jobIdOf(attempt)
  if (jobId !== null) await keepJob({ redis }, jobId, Date.now() + delayMs + KEEP_MS)
}

/** The job that an event is about, if it is about one: a response is the job that made it. */
function jobIdOf({ event }: Try): string | null {
  const { id } = event.data
  return isJobId(id) ? id : jobIdOfResponse(id)
}

/** null: it was called off, which says nothing about the receiver. */
function answerOf(outcome: EgressOutcome): TryAnswer | null {
  if (outcome.kind === 'answered') return { status: outcome.status, retryAfter: outcome.retryAfter }
  return outcome.failure === 'aborted' ? null : { failure: outcome.failure }
}
