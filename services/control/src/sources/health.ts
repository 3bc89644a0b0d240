import type { BreakerState } from '@switchyard/contract/observed'
import type { MetricsSnapshot, Series } from '@switchyard/telemetry/metric-registry'
import { MOST_LOOKED_AT, type Reading } from './reading.ts'

const STATES: readonly BreakerState[] = ['closed', 'open', 'half_open']

/** What the fleet has lately seen of every deployment, and what its breaker made of that. Costs Redis nothing: the view is kept up to date. */
export async function readHealth({ catalog, health }: Reading): Promise<MetricsSnapshot> {
  await health.ready
  const states: Series[] = []
  const open: Series[] = []
  const reopens: Series[] = []
  const errors: Series[] = []
  const firstTokens: Series[] = []
  for (const deployment of [...catalog().deployments.keys()].slice(0, MOST_LOOKED_AT)) {
    const {
      breaker = 'closed',
      cause = null,
      reopensAtMs = null,
      errorRate,
      ttftMs,
    } = health.observed(deployment) ?? {}
    for (const state of STATES) states.push([[deployment, state], state === breaker ? 1 : 0])
    if (breaker !== 'closed') open.push([[deployment, cause ?? 'unknown'], 1])
    reopens.push([[deployment], (reopensAtMs ?? 0) / 1_000])
    if (typeof errorRate === 'number') errors.push([[deployment], errorRate])
    if (ttftMs) firstTokens.push([[deployment, '0.5'], ttftMs.p50 / 1_000], [[deployment, '0.95'], ttftMs.p95 / 1_000])
  }
  return {
    switchyard_breaker_state: states,
    switchyard_breaker_open: open,
    switchyard_breaker_reopens_timestamp_seconds: reopens,
    switchyard_deployment_error_ratio: errors,
    switchyard_deployment_first_token_seconds: firstTokens,
  }
}
