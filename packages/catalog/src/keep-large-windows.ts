import { BrokerError } from '@switchyard/contract/broker-error'
import type { Included, Verdict } from './judge-candidate.ts'
import type { Needs } from './needs.ts'

/**
 * Where some candidate's context window holds the prompt as it is estimated, those whose window does not are out: a policy must not
 * choose a model that would most likely refuse. Where nobody's does, the estimate may be too high, and all stay (`assess-deployment.ts`).
 */
export function keepLargeWindows(verdicts: Verdict[], needs: Needs): Verdict[] {
  const needed = needs.inputTokens + (needs.maxOutputTokens ?? 0)
  const holds = (verdict: Included) => {
    const { contextWindow } = verdict.deployment
    return contextWindow === null || contextWindow >= needed
  }
  if (!verdicts.some((verdict) => verdict.outcome === 'included' && holds(verdict))) return verdicts
  return verdicts.map((verdict) => {
    if (verdict.outcome !== 'included' || holds(verdict)) return verdict
    const { deployment } = verdict
    const message = `The deployment ${deployment.name} (${deployment.model}) has a context window of ${deployment.contextWindow} tokens; the request needs about ${needed}.`
    return {
      deployment,
      outcome: 'unfit',
      error: new BrokerError('context_length_exceeded', message, { param: 'messages' }),
    }
  })
}
