import type { Principal } from '@switchyard/accounts/principal'
import { planRoute } from '@switchyard/catalog/plan-route'
import type { JobWebhook } from '@switchyard/contract/event'
import type { JobSpec } from '@switchyard/contract/job'
import { KEEP_MS, KEEP_PLAIN_MS, KEEP_STORED_MS } from '@switchyard/jobs/durations'
import { LONGEST_ROUND_MS } from '@switchyard/notifications/judge-try'
import type { Ingress } from '../ingress.ts'
import type { Preference } from '../prefer.ts'
import { inResponsesTerms, routeInResponsesTerms } from '../responses/responses-terms.ts'
import type { ChatIntake } from './read-chat-request.ts'
import { resolveDeadline } from './resolve-deadline.ts'

const INTERACTIVE_DEADLINE_MS = 600_000
/** Booked for an answer whose length nobody bounded. */
const ASSUMED_OUTPUT_TOKENS = 1_024

/**
 * The job that a request becomes: its route, frozen, and what interface.md §3 has by default. *Plain interactive* is a caller who
 * waits on the connection: ten minutes, cancelled when it leaves, kept for an hour. Whoever prefers a job gets none of that.
 */
export function planJob(
  ingress: Ingress,
  job: {
    id: string
    principal: Principal
    intake: ChatIntake
    preference: Preference
    webhook: JobWebhook | undefined
    bytes: number
    traceparent: string | undefined
  },
): JobSpec {
  const { intake, principal } = job
  const { options } = intake
  const tier = options.tier ?? (intake.flex ? 'batch' : 'interactive')
  const unsupported = options.unsupported ?? null
  const planned = planRoute(ingress.catalog().current, ingress.available(), {
    model: intake.model,
    needs: intake.needs,
    options: { unsupported, allow: options.allow, deny: options.deny, tier },
  })
  const { response } = intake
  if ('error' in planned) throw response ? inResponsesTerms(planned.error) : planned.error
  const nowMs = Date.now()
  const isPlain = job.preference.kind === 'none' && response?.background !== true
  const isInteractive = isPlain && tier === 'interactive'
  return {
    v: 1,
    id: job.id,
    project: principal.project,
    apiKey: principal.apiKey,
    endpoint: response ? '/v1/responses' : '/v1/chat/completions',
    dialect: response ? 'openai-responses' : 'openai-chat',
    model: intake.model,
    stream: intake.stream,
    includeUsage: intake.includeUsage,
    tier,
    route: response ? routeInResponsesTerms(planned.route) : planned.route,
    createdAtMs: nowMs,
    deadlineMs:
      options.deadline !== undefined
        ? resolveDeadline(options.deadline, nowMs)
        : isInteractive
          ? nowMs + INTERACTIVE_DEADLINE_MS
          : null,
    keepMs: keepFor(response?.store === true, isInteractive, job.webhook !== undefined),
    onDisconnect: options.on_disconnect ?? (isPlain ? 'cancel' : 'continue'),
    onBreak: options.on_break ?? 'fail',
    unsupported,
    metadata: intake.metadata,
    tags: options.tags ?? {},
    estimate: {
      inputTokens: intake.needs.inputTokens,
      outputTokens: intake.needs.maxOutputTokens ?? ASSUMED_OUTPUT_TOKENS,
    },
    request: { bytes: job.bytes },
    ...(response === undefined ? {} : { response }),
    ...(job.webhook === undefined ? {} : { webhook: job.webhook }),
    ...(job.traceparent === undefined ? {} : { traceparent: job.traceparent }),
  }
}

/** A stored response is kept longest, then what a webhook tells of: for a day after its last try, however late that is. */
function keepFor(isStored: boolean, isInteractive: boolean, hasWebhook: boolean): number {
  if (isStored) return KEEP_STORED_MS
  if (hasWebhook) return LONGEST_ROUND_MS + KEEP_MS
  return isInteractive ? KEEP_PLAIN_MS : KEEP_MS
}
