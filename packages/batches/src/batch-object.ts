import { cacheUse, toCacheUse } from '@switchyard/contract/job-object'
import { usdNumber } from '@switchyard/contract/usd'
import { z } from 'zod'
import { BATCH_STATUSES, type BatchRecord } from './batch-record.ts'

const seconds = z.int().nullable().describe('Unix time in seconds')

/** The public batch in OpenAI's shape (https://platform.openai.com/docs/api-reference/batch/object), with `switchyard` beside it. */
export const batchObject = z.object({
  id: z.string(),
  object: z.literal('batch'),
  endpoint: z.string(),
  model: z.string().nullable().describe('Of the first line; lines may name others'),
  errors: z
    .object({
      object: z.literal('list'),
      data: z.array(
        z.object({
          code: z.string(),
          message: z.string(),
          param: z.string().nullable(),
          line: z.int().nullable(),
        }),
      ),
    })
    .nullable(),
  input_file_id: z.string(),
  completion_window: z.string(),
  status: z.enum(BATCH_STATUSES),
  output_file_id: z.string().nullable(),
  error_file_id: z.string().nullable(),
  created_at: z.int(),
  in_progress_at: seconds,
  expires_at: seconds,
  finalizing_at: seconds,
  completed_at: seconds,
  failed_at: seconds,
  expired_at: seconds,
  cancelling_at: seconds,
  cancelled_at: seconds,
  request_counts: z.object({ total: z.int(), completed: z.int(), failed: z.int() }),
  usage: z.object({
    input_tokens: z.int(),
    input_tokens_details: z.object({ cached_tokens: z.int() }),
    output_tokens: z.int(),
    output_tokens_details: z.object({ reasoning_tokens: z.int() }),
    total_tokens: z.int(),
  }),
  metadata: z.record(z.string(), z.string()).nullable(),
  switchyard: z.object({
    eta_seconds: z.number().nullable().describe('At the rate of the last seconds; null where there is none'),
    cost_usd: z.number().nullable().describe('So far; null where a line has no price'),
    rate_per_second: z.number().nullable().describe('Lines that finish'),
    paused: z.boolean(),
    cache: cacheUse.describe('What the providers’ prompt caches did for its lines so far'),
  }),
})
export type BatchObject = z.infer<typeof batchObject>

export function toBatchObject(batch: BatchRecord): BatchObject {
  const { spec, usage, done, failed, total, errors } = batch
  const runs = batch.status === 'in_progress'
  const rate = runs ? batch.ratePerSecond : null
  return {
    id: spec.id,
    object: 'batch',
    endpoint: spec.endpoint,
    model: batch.model,
    errors: errors.length === 0 ? null : { object: 'list', data: errors },
    input_file_id: spec.inputFileId,
    completion_window: spec.completionWindow,
    status: batch.status,
    output_file_id: batch.outputFileId,
    error_file_id: batch.errorFileId,
    created_at: Math.floor(spec.createdAtMs / 1000),
    in_progress_at: toSeconds(batch.inProgressAtMs),
    expires_at: toSeconds(batch.expiresAtMs),
    finalizing_at: toSeconds(batch.finalizingAtMs),
    completed_at: toSeconds(batch.completedAtMs),
    failed_at: toSeconds(batch.failedAtMs),
    expired_at: toSeconds(batch.expiredAtMs),
    cancelling_at: toSeconds(batch.cancellingAtMs),
    cancelled_at: toSeconds(batch.cancelledAtMs),
    request_counts: { total, completed: done - failed, failed },
    usage: {
      input_tokens: usage.inputTokens,
      input_tokens_details: { cached_tokens: usage.cachedInputTokens },
      output_tokens: usage.outputTokens,
      output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
      total_tokens: usage.inputTokens + usage.outputTokens,
    },
    metadata: spec.metadata,
    switchyard: {
      eta_seconds: rate !== null && rate > 0 ? Math.ceil((total - done) / rate) : null,
      cost_usd: batch.unpriced > 0 ? null : usdNumber(batch.costNanoUsd),
      rate_per_second: rate === null ? null : Math.round(rate * 100) / 100,
      paused: batch.paused,
      cache: toCacheUse(usage, batch.cacheSavedNanoUsd),
    },
  }
}

function toSeconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000)
}
