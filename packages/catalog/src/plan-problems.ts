import { BrokerError } from '@switchyard/contract/broker-error'
import type { Catalog } from './catalog.ts'
import type { Included, Verdict } from './judge-candidate.ts'
import { nearestName } from './nearest-name.ts'
import type { PlanInput } from './plan-input.ts'

const LOOK_AGAIN_MS = 5_000

/**
 * Somebody could but isn't there, or not soon enough: wait. Nobody may: the caller's lists. Nobody can: why the first choice can't, or,
 * where it is the caller's own constraint that excludes, what comes nearest to it.
 */
export function whyNone(verdicts: readonly Verdict[], input: PlanInput): BrokerError {
  for (const verdict of verdicts) if (verdict.outcome === 'busy') return verdict.error
  if (verdicts.some((verdict) => verdict.outcome === 'unavailable')) {
    const message = `No deployment of ${input.model} that can serve this request is available at the moment.`
    return new BrokerError('no_healthy_deployment', message, { retryAfterMs: LOOK_AGAIN_MS })
  }
  const unfit = verdicts.filter((verdict) => verdict.outcome === 'unfit')
  const missed = unfit.filter(({ excess }) => excess !== undefined).toSorted((a, b) => a.excess! - b.excess!)
  const nearest = missed[0] ?? unfit[0]
  if (nearest) return nearest.error
  const list = input.options.allow === undefined ? 'deny' : 'allow'
  return new BrokerError('invalid_value', `switchyard.${list} leaves no deployment of ${input.model}.`, {
    param: `switchyard.${list}`,
  })
}

/** Where every deployment that could serve the request has an open breaker: until the first of them lets a job through again. */
export function allOpen(included: readonly Included[], { model, nowMs }: PlanInput): BrokerError | null {
  let soonestMs = Number.POSITIVE_INFINITY
  for (const { lastResort } of included) {
    if (lastResort?.openUntilMs === undefined) return null
    soonestMs = Math.min(soonestMs, lastResort.openUntilMs)
  }
  const message = `Every deployment of ${model} that can serve this request is resting after failures.`
  return new BrokerError('no_healthy_deployment', message, { retryAfterMs: Math.max(1, soonestMs - nowMs) })
}

export function unknownModel(name: string): BrokerError {
  return new BrokerError('model_not_found', `The model ${name} does not exist or you do not have access to it.`, {
    param: 'model',
  })
}

/** A mistyped `deny` would send a prompt where it must not go, so names that mean nothing are refused. */
export function unknownName(catalog: Catalog, options: PlanInput['options']): BrokerError | null {
  for (const list of ['allow', 'deny'] as const) {
    const names = options[list] ?? []
    const wrong = names.findIndex((name) => !catalog.deployments.has(name) && !catalog.providers.has(name))
    if (wrong === -1) continue
    const meant = nearestName(names[wrong]!, [...catalog.deployments.keys(), ...catalog.providers.keys()])
    const hint = meant === null ? '' : ` Did you mean ${meant}?`
    return new BrokerError('invalid_value', `No deployment or provider is called ${names[wrong]}.${hint}`, {
      param: `switchyard.${list}[${wrong}]`,
    })
  }
  return null
}
