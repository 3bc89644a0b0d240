import { answerBoundOf } from '@switchyard/catalog/plan-input'
import type { JobWebhook } from '@switchyard/contract/event'
import type { JobSpec } from '@switchyard/contract/job'
import { nanoUsd } from '@switchyard/contract/usd'
import { KEEP_MS, KEEP_PLAIN_MS, KEEP_STORED_MS } from '@switchyard/jobs/durations'
import { LONGEST_ROUND_MS } from '@switchyard/notifications/judge-try'
import { placeRoute, planCaching } from '../prompt-cache/prompt-caching.ts'
import { jobTerms } from './job-terms.ts'
import { ASSUMED_OUTPUT_TOKENS, type Fleet, planIntake } from './plan-intake.ts'
import type { ChatIntake } from './read-chat-request.ts'

/** Who pays: the project, the id of its key, and the project's weight in lanes (1 when not given). */
export interface Payer {
  project: string
  apiKey: string
  weight?: number
}

/**
 * The job that a request becomes: its route, frozen, and what interface.md §3 has by default. *Plain interactive* is a caller who
 * waits on the connection (`plain`): ten minutes, cancelled when it leaves, kept for an hour. Whoever prefers a job gets none of that.
 * Throws the error that its sender is to see.
 */
export function planJob(
  fleet: Fleet,
  job: {
    id: string
    payer: Payer
    intake: ChatIntake
    plain: boolean
    webhook: JobWebhook | undefined
    bytes: number
    traceparent: string | undefined
  },
): JobSpec {
  const { intake, payer } = job
  const { options, response } = intake
  const terms = jobTerms(intake, job.plain)
  const { nowMs, tier, isPlain, isInteractive, deadlineMs } = terms
  const cache = planCaching(fleet, payer.project, intake)
  const planned = planIntake(fleet, payer.project, intake, terms, cache)
  const route = placeRoute(fleet, planned, cache.frozen.prefix)
  return {
    v: 1,
    id: job.id,
    project: payer.project,
    apiKey: payer.apiKey,
    ...(payer.weight === undefined || payer.weight === 1 ? {} : { weight: payer.weight }),
    endpoint: response ? '/v1/responses' : '/v1/chat/completions',
    dialect: response ? 'openai-responses' : 'openai-chat',
    model: intake.model,
    stream: intake.stream,
    includeUsage: intake.includeUsage,
    tier,
    route,
    createdAtMs: nowMs,
    deadlineMs,
    keepMs: keepFor(response?.store === true, isInteractive, job.webhook !== undefined),
    onDisconnect: options.on_disconnect ?? (isPlain ? 'cancel' : 'continue'),
    onBreak: options.on_break ?? 'fail',
    unsupported: options.unsupported ?? null,
    metadata: intake.metadata,
    tags: options.tags ?? {},
    estimate: {
      inputTokens: intake.needs.inputTokens,
      outputTokens: outputEstimate(fleet.typicalOutput?.(payer.project, intake.model), intake.needs.maxOutputTokens),
    },
    request: { bytes: job.bytes },
    ...(options.task === undefined ? {} : { task: options.task }),
    ...(options.max_cost_usd === undefined
      ? {}
      : { maxCostNanoUsd: nanoUsd(options.max_cost_usd), answerBound: answerBoundOf(intake.needs) }),
    ...(tier === 'interactive' && fleet.catalog.models.get(intake.model)?.hedge ? { hedge: true } : {}),
    ...(response === undefined ? {} : { response }),
    ...cache.frozen,
    ...(job.webhook === undefined ? {} : { webhook: job.webhook }),
    ...(job.traceparent === undefined ? {} : { traceparent: job.traceparent }),
  }
}

/**
 * What nine of ten answers do not exceed, and no more than the caller allows. `max_tokens` alone would book many times what is used:
 * clients set it as a fence, and as long as a call runs nobody else has what it booked. One answer in ten takes more than its
 * estimate; the others that run beside it have booked too much, and its end corrects the limiter.
 */
function outputEstimate(typical: number | undefined, most: number | null | undefined): number {
  return Math.min(typical ?? most ?? ASSUMED_OUTPUT_TOKENS, most ?? Number.POSITIVE_INFINITY)
}

/** A stored response is kept longest, then what a webhook tells of: for a day after its last try, however late that is. */
function keepFor(isStored: boolean, isInteractive: boolean, hasWebhook: boolean): number {
  if (isStored) return KEEP_STORED_MS
  if (hasWebhook) return LONGEST_ROUND_MS + KEEP_MS
  return isInteractive ? KEEP_PLAIN_MS : KEEP_MS
}
