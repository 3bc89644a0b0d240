import type { Catalog } from '@switchyard/catalog/catalog'
import { withinCap } from '@switchyard/catalog/within-cap'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Hold } from './hold.ts'

/**
 * Which deployments the job's cost cap still pays a call of, after what its attempts have cost; undefined: it has no cap. A call that was
 * stopped at the cap has spent it, whatever its bill turns out to be. A deployment that is not known here is let through: it will be
 * refused for that.
 */
export function affordableTo(
  hold: Hold,
  catalog: Catalog,
  last: { failure: AttemptFailure; begun: boolean },
): ((deployment: string) => boolean) | undefined {
  const { maxCostNanoUsd: cap, answerBound, estimate } = hold.spec
  if (cap === undefined) return undefined
  if (last.begun && last.failure.class === 'cost_limit') return () => false
  const spent = hold.attempts.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0)
  const call = { inputTokens: estimate.inputTokens, answerBound: answerBound ?? { tokens: null, choices: 1 } }
  return (name) => {
    const deployment = catalog.deployments.get(name)
    return deployment === undefined || withinCap(deployment, call, cap - spent, hold.nowMs).fits !== 'no'
  }
}
