import type { Catalog } from '@switchyard/catalog/catalog'
import { planRoute } from '@switchyard/catalog/plan-route'
import type { JobWebhook } from '@switchyard/contract/event'
import type { JobSpec } from '@switchyard/contract/job'
import { KEEP_MS, KEEP_PLAIN_MS, KEEP_STORED_MS } from '@switchyard/jobs/durations'
import { LONGEST_ROUND_MS } from '@switchyard/notifications/judge-try'
import { planPromptCache } from '../prompt-cache/plan-prompt-cache.ts'
import type { PromptCaching } from '../prompt-cache/prompt-caching.ts'
import { stickRoute } from '../prompt-cache/stick-route.ts'
import { inResponsesTerms, routeInResponsesTerms } from '../responses/responses-terms.ts'
import type { ChatIntake } from './read-chat-request.ts'
import { resolveDeadline } from './resolve-deadline.ts'

const INTERACTIVE_DEADLINE_MS = 600_000
/** Booked for an answer whose length nobody bounded. */
const ASSUMED_OUTPUT_TOKENS = 1_024

/** Who pays: the project, the id of its key, and the project's weight in lanes (1 when not given). */
export interface Payer {
  project: string
  apiKey: string
  weight?: number
}

/** What a route is planned over: the catalog, and the deployments that live workers announced. */
export interface Fleet {
  catalog: Catalog
  available: ReadonlySet<string>
  /** Where prompts that begin as others do are placed and sent. Absent: nowhere in particular. */
  caching?: PromptCaching
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
  const { options } = intake
  const tier = options.tier ?? (intake.flex ? 'batch' : 'interactive')
  const unsupported = options.unsupported ?? null
  const planned = planRoute(fleet.catalog, fleet.available, {
    model: intake.model,
    needs: intake.needs,
    options: { unsupported, allow: options.allow, deny: options.deny, tier },
  })
  const { response } = intake
  if ('error' in planned) throw response ? inResponsesTerms(planned.error) : planned.error
  const { caching, catalog } = fleet
  const cache =
    caching && intake.promptCache ? planPromptCache(caching.watch, payer.project, intake.model, intake.promptCache) : {}
  const weightOf = (deployment: string) => catalog.deployments.get(deployment)?.weight ?? 1
  const route =
    caching && cache.prefix !== undefined
      ? stickRoute(planned.route, cache.prefix, { loads: caching.loads, weightOf })
      : planned.route
  const nowMs = Date.now()
  const isPlain = job.plain && response?.background !== true
  const isInteractive = isPlain && tier === 'interactive'
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
    route: response ? routeInResponsesTerms(route) : route,
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
    ...(tier === 'interactive' && fleet.catalog.models.get(intake.model)?.hedge ? { hedge: true } : {}),
    ...(response === undefined ? {} : { response }),
    ...cache,
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
