import type { Tier } from '@switchyard/contract/job'
import type { Observed } from '@switchyard/contract/observed'
import type { Deployment } from './catalog.ts'
import { type CallTokens, expectedCost } from './expected-cost.ts'
import type { FleetView } from './fleet-view.ts'
import { laneOf } from './lane-of.ts'

/** Taken for a deployment that was never seen and of which the catalog says nothing: neither a favourite nor hopeless. */
const ASSUMED = { ttftMs: 2_000, tokensPerSecond: 60 }
/** A first token that is late is about this much later than the middle one, where nothing better is known. */
const SLOW_FACTOR = 2

/** What is expected of a call now; times in ms, costs in nano-dollars. */
export interface Expectation {
  waitMs: number
  /** null: neither observed nor in the catalog. */
  ttftMs: number | null
  totalMs: number
  /** The whole of it on a slow day of the deployment: with the first token where only one in twenty comes later. */
  slowMs: number
  costNanoUsd: number | null
  /** That the call fails by the deployment's own fault, 0 to 1. */
  failureOdds: number
}

/** Recent observation first, then what the catalog holds as typical, then a guess. */
export function expectCall(
  deployment: Deployment,
  view: FleetView,
  call: { tokens: CallTokens; tier: Tier; nowMs: number },
): Expectation {
  const seen: Observed | undefined = view.observed(deployment.name)
  const { tokens, tier, nowMs } = call
  const waitMs = Math.max(0, view.predictedWaitMs(laneOf(deployment, tier)) ?? 0)
  const ttftMs = seen?.ttftMs?.p50 ?? deployment.typical.firstTokenMs
  const perSecond = seen?.tokensPerSecond ?? deployment.typical.tokensPerSecond ?? ASSUMED.tokensPerSecond
  const outputMs = (1000 * tokens.outputTokens) / Math.max(perSecond, 0.1)
  const firstMs = ttftMs ?? ASSUMED.ttftMs
  return {
    waitMs,
    ttftMs,
    totalMs: waitMs + firstMs + outputMs,
    slowMs: waitMs + (seen?.ttftMs?.p95 ?? SLOW_FACTOR * firstMs) + outputMs,
    costNanoUsd: expectedCost(deployment, tokens, nowMs),
    failureOdds: Math.min(Math.max(seen?.errorRate ?? 0, 0), 1),
  }
}
