import type { Attempt } from '@switchyard/contract/job'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** Counts a call that is over: how it ended, what it took, used and cost. */
export function countAttempt({ telemetry }: WorkerContext, hold: Hold, attempt: Attempt): void {
  const { metrics } = telemetry
  const { provider, deployment, status, errorClass, ttftMs, durationMs, usage, costNanoUsd } = attempt
  const at = { provider, deployment }
  metrics.counter('switchyard_attempts_total').add({ provider, deployment, status, error_class: errorClass ?? 'none' })
  metrics.histogram('switchyard_attempt_duration_seconds').observe(at, (durationMs ?? 0) / 1_000)
  // The first content that anybody could read, in whichever attempt.
  if (ttftMs !== null && !hold.attempts.some((earlier) => earlier !== attempt && earlier.ttftMs !== null)) {
    const sinceAcceptanceMs = attempt.startedAtMs + ttftMs - hold.spec.createdAtMs
    const { lane } = hold.claim.record
    metrics.histogram('switchyard_time_to_first_token_seconds').observe({ lane, deployment }, sinceAcceptanceMs / 1_000)
  }
  metrics.counter('switchyard_cost_usd_total').add(at, (costNanoUsd ?? 0) / 1e9)
  if (usage === null) return
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage
  metrics.counter('switchyard_project_tokens_total').add({ project: hold.spec.project }, inputTokens + outputTokens)
  const tokens = metrics.counter('switchyard_tokens_total')
  tokens.add({ provider, deployment, kind: 'input' }, inputTokens - cachedInputTokens - cacheWriteTokens)
  tokens.add({ provider, deployment, kind: 'cache_read' }, cachedInputTokens)
  tokens.add({ provider, deployment, kind: 'cache_write' }, cacheWriteTokens)
  tokens.add({ provider, deployment, kind: 'output' }, outputTokens - reasoningTokens)
  tokens.add({ provider, deployment, kind: 'reasoning' }, reasoningTokens)
}
