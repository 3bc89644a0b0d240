import type { Attempt } from '@switchyard/contract/job'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** One line for each attempt: ids, lane, outcome, tokens and cost; nothing of what was said. */
export function logAttempt(worker: WorkerContext, hold: Hold, attempt: Attempt): void {
  const level = attempt.status === 'failed' ? 'warn' : 'info'
  if (!worker.logger.isLevelEnabled(level)) return
  worker.logger[level](
    {
      job: hold.jobId,
      project: hold.spec.project,
      lane: hold.claim.record.lane,
      attempt: attempt.number,
      deployment: attempt.deployment,
      hedge: attempt.hedge,
      status: attempt.status,
      errorClass: attempt.errorClass ?? undefined,
      httpStatus: attempt.httpStatus ?? undefined,
      ttftMs: attempt.ttftMs ?? undefined,
      durationMs: attempt.durationMs,
      inputTokens: attempt.usage?.inputTokens,
      outputTokens: attempt.usage?.outputTokens,
      costNanoUsd: attempt.costNanoUsd,
      trace: hold.spec.traceparent?.slice(3, 35),
    },
    attempt.errorMessage ?? 'attempt completed',
  )
}
