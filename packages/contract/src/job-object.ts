import { z } from 'zod'
import { type Attempt, JOB_STATUSES, type JobRecord } from './job.ts'
import { routeObject, toRouteObject } from './route-object.ts'
import { addUsage, NO_USAGE, type Usage } from './usage.ts'
import { usdNumber } from './usd.ts'
import { WAITS, type WaitsFor } from './waiting-for.ts'

const seconds = z.int().describe('Unix time in seconds')

/** What stands under `error` in every error body. */
export const errorObject = z.object({
  message: z.string(),
  type: z.string(),
  param: z.string().nullable(),
  code: z.string().nullable(),
  attempts: z
    .array(z.object({ deployment: z.string(), error_code: z.string().nullable(), status: z.int().nullable() }))
    .optional()
    .describe('What was tried, where something was'),
})

/** What prompt caches did, over attempts. */
export const cacheUse = z.object({
  read_tokens: z.int(),
  write_tokens: z.int(),
  hit_ratio: z.number().describe('Share of the input that was read from a cache, 0 to 1'),
  saved_usd: z
    .number()
    .describe('How much more it would have cost without; below 0 where writing cost more than reading saved'),
})

export function toCacheUse(usage: Usage, savedNanoUsd: number): z.infer<typeof cacheUse> {
  const { inputTokens, cachedInputTokens, cacheWriteTokens } = usage
  return {
    read_tokens: cachedInputTokens,
    write_tokens: cacheWriteTokens,
    hit_ratio: inputTokens === 0 ? 0 : Math.round((cachedInputTokens / inputTokens) * 10_000) / 10_000,
    saved_usd: usdNumber(savedNanoUsd),
  }
}

/** The public job (interface.md §4): every inference, whatever endpoint made it. */
export const jobObject = z.object({
  id: z.string(),
  object: z.literal('job'),
  status: z.enum(JOB_STATUSES),
  endpoint: z.string(),
  model: z.string(),
  created_at: seconds,
  started_at: seconds.nullable(),
  completed_at: seconds.nullable(),
  deadline: seconds.nullable(),
  expires_at: seconds.nullable().describe('When result and events are gone'),
  queue: z
    .object({
      lane: z.string(),
      position: z.int().nullable().describe('How many jobs go before it'),
      eta_seconds: z.number().nullable().describe('Until it starts'),
      eta_range_seconds: z
        .tuple([z.number(), z.number()])
        .nullable()
        .describe('Four in five jobs of which this was said start between these two'),
      waiting_for: z.enum(WAITS).nullable(),
    })
    .nullable()
    .describe('Where a queued job stands; null once it runs'),
  route: routeObject,
  attempts: z.array(
    z.object({
      deployment: z.string(),
      status: z.enum(['in_progress', 'completed', 'failed', 'cancelled', 'lost', 'released']),
      error_code: z.string().nullable(),
      started_at: seconds,
      ttft_ms: z.number().nullable(),
      duration_ms: z.number().nullable(),
      cost_usd: z.number().nullable().describe('null: not known yet, or the model has no price'),
    }),
  ),
  usage: z.object({
    input_tokens: z.int(),
    cached_tokens: z.int(),
    output_tokens: z.int(),
    total_tokens: z.int(),
    cache: cacheUse.describe('What the providers’ prompt caches did for it'),
  }),
  cost_usd: z.number().nullable().describe('Of all attempts; null where one of them has no price'),
  error: errorObject.nullable(),
  metadata: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  result_url: z.string(),
  events_url: z.string(),
})
export type JobObject = z.infer<typeof jobObject>

/** Where a queued job stands in its lane; null where that is not known. Times in ms from now. */
export interface Standing {
  position: number | null
  etaMs: number | null
  etaRangeMs: readonly [number, number] | null
  waitingFor: WaitsFor | null
}

const UNKNOWN: Standing = { position: null, etaMs: null, etaRangeMs: null, waitingFor: null }

/** `standing` is looked at for queued jobs alone. */
export function toJobObject(record: JobRecord, standing: Standing = UNKNOWN): JobObject {
  const { spec } = record
  const usage = record.attempts.reduce((sum, attempt) => addUsage(sum, attempt.usage ?? NO_USAGE), NO_USAGE)
  const savedNanoUsd = record.attempts.reduce((sum, attempt) => sum + (attempt.cacheSavedNanoUsd ?? 0), 0)
  const costNanoUsd = totalCostNanoUsd(record.attempts)
  return {
    id: spec.id,
    object: 'job',
    status: record.status,
    endpoint: spec.endpoint,
    model: spec.model,
    created_at: toSeconds(spec.createdAtMs),
    started_at: toSecondsOrNull(record.startedAtMs),
    completed_at: toSecondsOrNull(record.completedAtMs),
    deadline: toSecondsOrNull(spec.deadlineMs),
    expires_at: toSecondsOrNull(record.expiresAtMs),
    queue: record.status === 'queued' ? toQueue(record.lane, standing) : null,
    route: toRouteObject(spec.route, spec.task ?? null),
    attempts: record.attempts.map((attempt) => ({
      deployment: attempt.deployment,
      status: attempt.status,
      error_code: attempt.errorClass,
      started_at: toSeconds(attempt.startedAtMs),
      ttft_ms: attempt.ttftMs,
      duration_ms: attempt.durationMs,
      cost_usd: usdOrNull(attemptCostNanoUsd(attempt)),
    })),
    usage: {
      input_tokens: usage.inputTokens,
      cached_tokens: usage.cachedInputTokens,
      output_tokens: usage.outputTokens,
      total_tokens: usage.inputTokens + usage.outputTokens,
      cache: toCacheUse(usage, savedNanoUsd),
    },
    cost_usd: usdOrNull(costNanoUsd),
    error: record.failure?.error ?? null,
    metadata: spec.metadata,
    tags: spec.tags,
    result_url: resultUrl(spec.id),
    events_url: eventsUrl(spec.id),
  }
}

function toQueue(lane: string, { position, etaMs, etaRangeMs, waitingFor }: Standing): JobObject['queue'] {
  return {
    lane,
    position,
    eta_seconds: etaMs === null ? null : toTenths(etaMs),
    eta_range_seconds: etaRangeMs && [toTenths(etaRangeMs[0]), toTenths(etaRangeMs[1])],
    waiting_for: waitingFor,
  }
}

/** Seconds with one digit behind the point: more would pretend. */
function toTenths(ms: number): number {
  return Math.round(ms / 100) / 10
}

/** Paths, as the public listener serves them. */
export function jobUrl(jobId: string): string {
  return `/v1/jobs/${jobId}`
}

function resultUrl(jobId: string): string {
  return `/v1/jobs/${jobId}/result`
}

export function eventsUrl(jobId: string): string {
  return `/v1/jobs/${jobId}/events`
}

/** What all closed attempts cost, in nano-dollars; null as soon as one of them used tokens that have no price. */
export function totalCostNanoUsd(attempts: Attempt[]): number | null {
  let total = 0
  for (const attempt of attempts) {
    if (attempt.status === 'in_progress') continue
    const cost = attemptCostNanoUsd(attempt)
    if (cost === null) return null
    total += cost
  }
  return total
}

/** An attempt that used nothing cost nothing, whether its model has a price or not. */
function attemptCostNanoUsd(attempt: Attempt): number | null {
  if (attempt.costNanoUsd !== null || attempt.status === 'in_progress') return attempt.costNanoUsd
  return attempt.usageSource === 'none' ? 0 : null
}

function usdOrNull(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : usdNumber(nanoUsd)
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function toSecondsOrNull(ms: number | null): number | null {
  return ms === null ? null : toSeconds(ms)
}
