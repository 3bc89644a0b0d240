import type { Attempt } from '@switchyard/contract/job'
import type { AttemptBeginning } from '@switchyard/jobs/record'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { startSpan } from '@switchyard/telemetry/spans'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** From acceptance, the end of the attempt before, or the moment that the job was put off to, to the claim. */
export function recordQueueWait(worker: WorkerContext, hold: Hold): void {
  const { record, claimedAtMs, deferredToMs } = hold.claim
  const last = hold.attempts.at(-1)
  const sinceMs = deferredToMs ?? (last ? last.startedAtMs + (last.durationMs ?? 0) : hold.spec.createdAtMs)
  const { metrics } = worker.telemetry
  metrics.histogram('switchyard_queue_wait_seconds').observe({ lane: record.lane }, (claimedAtMs - sinceMs) / 1_000)
  const closed = hold.passage.closedSince(sinceMs)
  // It may have closed again since the claim.
  if (closed !== null && closed.fromMs < claimedAtMs) {
    const untilMs = Math.min(closed.untilMs, claimedAtMs)
    recordQuotaWait(worker, hold, { kind: 'gate', deployment: null, sinceMs: closed.fromMs, untilMs })
  }
  startSpan(worker.telemetry, SPAN.queueWait, {
    parent: hold.spec.traceparent,
    kind: 'consumer',
    startTimeMs: Math.min(sinceMs, claimedAtMs),
    attributes: { [ATTR.jobId]: hold.jobId, [ATTR.lane]: record.lane, [ATTR.delivery]: hold.delivery },
  }).end(claimedAtMs)
}

/**
 * A wait for quota, only where there was one. `held`: in this worker, from asking the limiter to its yes. `deferred`: put off, to a
 * booked slot or for as long as the provider asked; told when it begins, because nobody can take the job before its end. `gate`: in the
 * lane, while that was closed; a part of the wait in the queue.
 */
export function recordQuotaWait(
  worker: WorkerContext,
  hold: Hold,
  wait: { kind: 'held' | 'deferred' | 'gate'; deployment: string | null; sinceMs: number; untilMs: number },
): void {
  const { kind, deployment, sinceMs, untilMs } = wait
  const { lane } = hold.claim.record
  const { metrics } = worker.telemetry
  metrics.histogram('switchyard_quota_wait_seconds').observe({ lane, kind }, (untilMs - sinceMs) / 1_000)
  startSpan(worker.telemetry, SPAN.quotaWait, {
    parent: hold.spec.traceparent,
    startTimeMs: Math.min(sinceMs, untilMs),
    attributes: {
      [ATTR.jobId]: hold.jobId,
      [ATTR.lane]: lane,
      [ATTR.deployment]: deployment ?? undefined,
      [ATTR.waitKind]: kind,
    },
  }).end(untilMs)
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
