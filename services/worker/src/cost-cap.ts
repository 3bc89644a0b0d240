import { tokenTally } from '@switchyard/catalog/estimate-tokens'
import { usdDecimal } from '@switchyard/contract/usd'
import { estimateCost } from './bill-attempt.ts'
import type { Hold } from './hold.ts'
import { shownText } from './shown-text.ts'
import type { UsableDeployment } from './upstreams.ts'

/**
 * Counts what a call of a job with a cost cap generates while it does, by estimate: the provider's own word comes at the end. What is
 * not shown (hidden reasoning) can't be counted before.
 */
export interface CostMeter {
  /** Shown so far. */
  readonly outputTokens: number
  /** What the job has cost with it, in nano-dollars. */
  readonly spentNanoUsd: number
  /** One more line that shows something. True once the cap is reached. */
  add(line: string): boolean
}

/** The job's money for one call. `meter` null: nothing to watch (no cap, no price, or the answer comes in one piece). */
export type Allowance = { ok: true; meter: CostMeter | null } | { ok: false; message: string }

const MANY_TOKENS = 1_000_000

/** What is left under the job's cost cap for a call of this deployment; refused where the prompt alone would exceed it. */
export function allowanceOf(hold: Hold, { deployment, upstream }: UsableDeployment): Allowance {
  const { maxCostNanoUsd: cap, estimate, dialect } = hold.spec
  if (cap === undefined) return { ok: true, meter: null }
  const { inputTokens } = estimate
  const before = hold.attempts.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0)
  const input = estimateCost(deployment, { inputTokens, outputTokens: 0 })
  const many = estimateCost(deployment, { inputTokens, outputTokens: MANY_TOKENS })
  if (input === null || many === null) return { ok: true, meter: null }
  const nanoUsdPerToken = (many - input) / MANY_TOKENS
  const most = (cap - before - input) / nanoUsdPerToken
  if (before + input > cap || most < 1) {
    const message = `another call would exceed the job's cost cap of ${usdDecimal(cap)} USD; it has cost ${usdDecimal(before)} USD`
    return { ok: false, message }
  }
  if (!upstream.streams || nanoUsdPerToken === 0) return { ok: true, meter: null }
  const tally = tokenTally()
  const meter: CostMeter = {
    get outputTokens() {
      return tally.total()
    },
    get spentNanoUsd() {
      return Math.round(before + input + tally.total() * nanoUsdPerToken)
    },
    add(line) {
      tally.add(shownText(dialect, line))
      return tally.total() >= most
    },
  }
  return { ok: true, meter }
}

export function capReached(hold: Hold, meter: CostMeter): string {
  const cap = usdDecimal(hold.spec.maxCostNanoUsd ?? 0)
  return `the answer was stopped at the job's cost cap of ${cap} USD; the job has cost about ${usdDecimal(meter.spentNanoUsd)} USD`
}
