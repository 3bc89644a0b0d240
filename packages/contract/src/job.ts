import type { JobFailure } from './broker-error.ts'
import type { ErrorClass } from './error-class.ts'
import type { JobWebhook } from './event.ts'
import type { PromptCachePlan } from './prompt-cache.ts'
import type { Usage, UsageSource } from './usage.ts'

export const TERMINAL_STATUSES = ['completed', 'failed', 'cancelled', 'expired'] as const
export const JOB_STATUSES = ['queued', 'in_progress', ...TERMINAL_STATUSES] as const
export type JobStatus = (typeof JOB_STATUSES)[number]
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number]

export function isTerminal(status: JobStatus): status is TerminalStatus {
  return status !== 'queued' && status !== 'in_progress'
}

export type Dialect = 'openai-chat' | 'openai-responses'
export type OnBreak = 'fail' | 'restart' | 'continue'
export type OnDisconnect = 'cancel' | 'continue'
export type Unsupported = 'strict' | 'warn' | 'drop'
export type Tier = 'interactive' | 'batch'

/** One hop: the lane a delivery is put in, and the deployments to try there, in order. */
export interface Hop {
  lane: string
  deployments: RoutedDeployment[]
}

export interface RoutedDeployment {
  /** Name in the catalog. */
  id: string
  /** Parameters of this request that the deployment can't honour and that `unsupported` allows to drop. */
  drop: string[]
}

/** How the deployments of a model are put in order: as they stand, or by what a job is expected to cost, take and be worth. */
export const ROUTE_POLICIES = ['ordered', 'cost', 'latency', 'quality', 'balanced'] as const
export type RoutePolicy = (typeof ROUTE_POLICIES)[number]

/** Frozen into the job when it is planned. `reasons` says why each candidate is in or out, by rank where a policy ranked them. */
export interface Route {
  policy: RoutePolicy
  hops: Hop[]
  reasons: RouteReason[]
}

export interface RouteReason {
  deployment: string
  included: boolean
  reason: string
  /** By the policy, 0 to 1; only candidates of one plan can be compared. */
  score?: number
  expected?: ExpectedCall
}

/** What a call is expected to take and cost, as far as that was known when it was planned. */
export interface ExpectedCall {
  /** In the lane, before it starts. */
  waitMs: number
  /** From its start to the first token; null: nothing is known of it. */
  ttftMs: number | null
  /** From now to the end of the answer. */
  totalMs: number
  /** null: unpriced. */
  costNanoUsd: number | null
}

/** How much a request lets its deployment write. */
export interface AnswerBound {
  /** For each choice; null: as much as the model writes. */
  tokens: number | null
  choices: number
}

/** The line of a batch that a job runs. */
export interface BatchLine {
  id: string
  /** Counted from 0 over the requests of the input. */
  line: number
  customId: string
  /** 1; one more with each `retry_failed` that the line is part of. */
  try: number
}

/** What is known of a job when it is accepted; written once. Times are epoch milliseconds. */
export interface JobSpec {
  v: 1
  id: string
  project: string
  /** Id of the API key that paid, never the key. */
  apiKey: string
  /** Of the project in its lanes, when the job was accepted; absent: 1. */
  weight?: number
  endpoint: string
  dialect: Dialect
  /** The name the client sent. */
  model: string
  stream: boolean
  /** The client asked for the usage chunk of a stream. */
  includeUsage: boolean
  tier: Tier
  route: Route
  createdAtMs: number
  deadlineMs: number | null
  /** How long result and log are kept after the end, in ms: 1 h for a plain interactive request, else 24 h. */
  keepMs: number
  onDisconnect: OnDisconnect
  onBreak: OnBreak
  unsupported: Unsupported | null
  metadata: Record<string, string>
  tags: Record<string, string>
  /** The task type that the client named, for routing. */
  task?: string
  /** With a cost cap: what bounds the answer. */
  answerBound?: AnswerBound
  /** Tokens, guessed at planning. */
  estimate: { inputTokens: number; outputTokens: number }
  /** Bytes of the request body; `blob` names it in the blob store when it is too large for Redis. */
  request: { bytes: number; blob?: string }
  /** Where the job is a line of a batch: its end owes the batch a row. */
  batch?: BatchLine
  /** Of jobs of `/v1/responses`. */
  response?: ResponseTerms
  /** Digest of how its prompt begins, where others are known or said to begin alike: they are best run at the same deployment. */
  prefix?: string
  /** Where the broker places it for the providers' prompt caches (`switchyard.prompt_cache: auto`). */
  promptCache?: PromptCachePlan
  /** A call that gives no first token in its usual time may get a second one beside it. */
  hedge?: true
  /** What all its attempts together may cost, in nano-dollars. */
  maxCostNanoUsd?: number
  /** Whom this job alone tells of its end. */
  webhook?: JobWebhook
  /** W3C trace context of the request's span. */
  traceparent?: string
}

/** What the client of a response asked beyond the answer. */
export interface ResponseTerms {
  /** It can be retrieved, and continued by `previous_response_id`. */
  store: boolean
  background: boolean
  previousResponseId: string | null
}

/** Why a model did not finish its answer, where it says so and that is no failure. */
export type IncompleteReason = 'max_output_tokens' | 'content_filter'

export type AttemptStatus = 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'lost' | 'released'

/** One call of one deployment. Written before the first byte leaves, closed exactly once. At most two are open at once. */
export interface Attempt {
  /** 1, 2, 3 … within the job. */
  number: number
  fence: number
  hop: number
  deployment: string
  provider: string
  /** Name of the model at the provider. */
  model: string
  simulated: boolean
  /** It was begun beside the one before it, which gave no first token in its usual time. */
  hedge?: true
  dropped: string[]
  status: AttemptStatus
  errorClass: ErrorClass | null
  errorMessage: string | null
  httpStatus: number | null
  startedAtMs: number
  ttftMs: number | null
  durationMs: number | null
  /** Of a response that the model did not finish: why. */
  incomplete?: IncompleteReason
  usage: Usage | null
  usageSource: UsageSource
  /** null: the model has no price, which is not the same as free. */
  costNanoUsd: number | null
  /**
   * How much more it would have cost without the provider's prompt cache, nano-dollars; less than 0 where what was written cost more than
   * what was read saved. Absent: the cache had no part in it, or there is no price.
   */
  cacheSavedNanoUsd?: number
  priceId: string | null
  estimate: { inputTokens: number; outputTokens: number; costNanoUsd: number | null }
}

/** The record as read back: what was accepted and where it stands. */
export interface JobRecord {
  spec: JobSpec
  status: JobStatus
  /** Index into `spec.route.hops`. */
  hop: number
  /** The lane that the current delivery is in: the hop's, or the suspect lane. */
  lane: string
  /** Number of the current BullMQ message; older ones are dropped when they arrive. */
  delivery: number
  fence: number
  owner: string | null
  leaseUntilMs: number | null
  /** How many owners vanished with this job. */
  crashes: number
  /** Somebody has followed the log. */
  read: boolean
  startedAtMs: number | null
  completedAtMs: number | null
  attempts: Attempt[]
  failure: JobFailure | null
  /** Set once bodies and log have left Redis: name of the archive in the blob store. */
  archive: string | null
  /** Not before this moment (a defer), epoch ms. */
  notBeforeMs: number | null
  /** Name of the result in the blob store, when it was too large for Redis. */
  resultBlob: string | null
  /** Epoch ms at which result and log are gone. */
  expiresAtMs: number | null
}
