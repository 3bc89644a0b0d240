import type { Attempt } from '@switchyard/contract/job'
import type { AttemptBeginning } from '@switchyard/jobs/record'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { startSpan } from '@switchyard/telemetry/spans'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** From acceptance (or the end of the attempt before) to the claim. */
export function recordQueueWait(worker: WorkerContext, hold: Hold): void {
  const { record, claimedAtMs } = hold.claim
  const last = hold.attempts.at(-1)
  const sinceMs = last ? last.startedAtMs + (last.durationMs ?? 0) : hold.spec.createdAtMs
  startSpan(worker.telemetry, SPAN.queueWait, {
    parent: hold.spec.traceparent,
    kind: 'consumer',
    startTimeMs: Math.min(sinceMs, claimedAtMs),
    attributes: { [ATTR.jobId]: hold.jobId, [ATTR.lane]: record.lane, [ATTR.delivery]: hold.delivery },
  }).end(claimedAtMs)
}

/** From asking the limiter to its yes. Only written where there was a wait. */
export function recordQuotaWait(worker: WorkerContext, hold: Hold, deployment: string, sinceMs: number): void {
  startSpan(worker.telemetry, SPAN.quotaWait, {
    parent: hold.spec.traceparent,
    startTimeMs: sinceMs,
    attributes: { [ATTR.jobId]: hold.jobId, [ATTR.deployment]: deployment },
  }).end()
}

/** One call upstream, after the GenAI conventions. Nothing of prompt or answer. */
export function startAttemptSpan(
  worker: WorkerContext,
  hold: Hold,
  beginning: AttemptBeginning,
): { end(attempt: Attempt): void } {
  const span = startSpan(worker.telemetry, SPAN.attempt(beginning.model), {
    parent: hold.spec.traceparent,
    kind: 'client',
    startTimeMs: beginning.startedAtMs,
    attributes: {
      [ATTR.genAiOperation]: 'chat',
      [ATTR.genAiProvider]: beginning.provider,
      [ATTR.genAiRequestModel]: beginning.model,
      [ATTR.genAiRequestStream]: hold.spec.stream,
      [ATTR.jobId]: hold.jobId,
      [ATTR.lane]: hold.claim.record.lane,
      [ATTR.attempt]: beginning.number,
      [ATTR.deployment]: beginning.deployment,
      [ATTR.simulated]: beginning.simulated,
    },
  })
  return {
    end(attempt) {
      if (span.recording) {
        span.set({
          [ATTR.outcome]: attempt.status,
          [ATTR.httpStatus]: attempt.httpStatus ?? undefined,
          [ATTR.genAiTimeToFirstChunk]: attempt.ttftMs === null ? undefined : attempt.ttftMs / 1000,
          [ATTR.genAiInputTokens]: attempt.usage?.inputTokens,
          [ATTR.genAiOutputTokens]: attempt.usage?.outputTokens,
          [ATTR.genAiCacheReadTokens]: attempt.usage?.cachedInputTokens,
          [ATTR.genAiCacheCreationTokens]: attempt.usage?.cacheWriteTokens,
          [ATTR.genAiReasoningTokens]: attempt.usage?.reasoningTokens,
          [ATTR.costNanoUsd]: attempt.costNanoUsd ?? undefined,
        })
        if (attempt.errorClass) span.fail(attempt.errorClass, attempt.errorMessage ?? undefined)
      }
      span.end()
    },
  }
}
