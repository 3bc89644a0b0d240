import { BrokerError } from '@switchyard/contract/broker-error'
import type { Observed } from '@switchyard/contract/observed'
import { usdDecimal } from '@switchyard/contract/usd'
import { assessDeployment } from './assess-deployment.ts'
import type { Deployment } from './catalog.ts'
import { type Expectation, expectCall } from './expect-call.ts'
import type { FleetView } from './fleet-view.ts'
import { answerBoundOf, type PlanInput } from './plan-input.ts'
import { withinCap } from './within-cap.ts'

/** By how much the caller's cap is missed, and what it would be told. */
export interface OverCap {
  error: BrokerError
  excess: number
}

/** Why a candidate comes after all others. */
export interface LastResort {
  why: string
  /** Its breaker is open, until then. */
  openUntilMs?: number
}

/** What the hard filters make of a candidate. */
export type Verdict = Included | Excluded

export interface Included {
  deployment: Deployment
  outcome: 'included'
  /** It is expected to cost more than the cap, and would be stopped there: only where nobody is expected to keep within it. */
  overCap: OverCap | null
  /** Parameters that it is not given. */
  drop: string[]
  lastResort: LastResort | null
  /** null: nothing asked for it. */
  expected: Expectation | null
}

export type Excluded =
  | { deployment: Deployment; outcome: 'not_allowed' | 'unavailable' }
  /** `error` is what the caller is told where nobody else can; `excess` by how much its own constraint was missed. */
  | { deployment: Deployment; outcome: 'unfit'; error: BrokerError; excess?: number }
  /** Only at the moment. */
  | { deployment: Deployment; outcome: 'busy'; error: BrokerError }

/** When to come back where nobody knows better. */
const LOOK_AGAIN_MS = 5_000

/**
 * Applies the hard filters to one candidate: the caller's lists, what the request needs, its cost cap, whether it is there, its wish for
 * an early first token. Expectations are only worked out where something asks for them.
 */
export function judgeCandidate(deployment: Deployment, view: FleetView, input: PlanInput, expects: boolean): Verdict {
  const { allow, deny, unsupported, maxTtftMs, maxCostNanoUsd } = input.options
  if ((allow !== undefined && !isNamed(deployment, allow)) || (deny !== undefined && isNamed(deployment, deny))) {
    return { deployment, outcome: 'not_allowed' }
  }
  // Fitness before availability: a request that no deployment can ever serve must not be told to come back later.
  const assessment = assessDeployment(deployment, input.needs, unsupported)
  if (!assessment.fits) return { deployment, outcome: 'unfit', error: assessment.error }

  const isAsked = expects || maxTtftMs !== undefined || maxCostNanoUsd !== undefined
  const expected = isAsked ? expectCall(deployment, view, callOf(deployment, input)) : null
  const cost = expected && costProblem(deployment, expected, input)
  if (cost?.isSure) return { deployment, outcome: 'unfit', ...cost.over }
  const tooLate = expected && lateProblem(deployment, expected, input)
  if (tooLate?.outcome === 'unfit') return tooLate
  if (!view.available.has(deployment.name)) return { deployment, outcome: 'unavailable' }
  if (tooLate) return tooLate

  const lastResort = breakerProblem(view.observed(deployment.name), input.nowMs)
  return { deployment, outcome: 'included', overCap: cost?.over ?? null, drop: assessment.drop, lastResort, expected }
}

function isNamed({ name, provider }: Deployment, names: readonly string[]): boolean {
  return names.includes(name) || names.includes(provider.name)
}

function callOf(deployment: Deployment, input: PlanInput): Parameters<typeof expectCall>[2] {
  const { inputTokens } = input.needs
  const cachedTokens = input.cachedTokensAt?.(deployment.name) ?? 0
  const tokens = { inputTokens, cachedTokens, outputTokens: input.expectedOutputTokens }
  return { tokens, tier: input.options.tier, nowMs: input.nowMs }
}

/** Once its time is up a job may try it: that may be this one. Until then, and while another job tries it, it rests. */
function breakerProblem(seen: Observed | undefined, nowMs: number): LastResort | null {
  if (seen === undefined || seen.breaker === 'closed') return null
  const openUntilMs = seen.reopensAtMs ?? nowMs + LOOK_AGAIN_MS
  if (openUntilMs <= nowMs) return null
  const cause = seen.cause === null ? '' : ` (${seen.cause})`
  if (seen.breaker === 'half_open') return { why: `its breaker is half open${cause}` }
  return { why: `its breaker is open${cause}`, openUntilMs }
}

/** null: within the cap, as far as can be expected. `isSure`: no call could be kept within it. */
function costProblem(
  deployment: Deployment,
  expected: Expectation,
  { options, needs, nowMs }: PlanInput,
): { isSure: boolean; over: OverCap } | null {
  const cap = options.maxCostNanoUsd
  if (cap === undefined) return null
  const call = { inputTokens: needs.inputTokens, answerBound: answerBoundOf(needs) }
  const verdict = withinCap(deployment, call, cap, nowMs)
  const { costNanoUsd } = expected
  if (verdict.fits === 'surely') return null
  if (verdict.fits === 'if_stopped') {
    if (costNanoUsd === null || costNanoUsd <= cap) return null
    return {
      isSure: false,
      over: overCap(deployment, cap, `it is expected to cost ${usdDecimal(costNanoUsd)}`, costNanoUsd),
    }
  }
  const { worstNanoUsd } = verdict
  if (worstNanoUsd === null) {
    return { isSure: true, over: overCap(deployment, cap, 'nothing bounds what it costs', Number.POSITIVE_INFINITY) }
  }
  const costs = `${deployment.streams ? 'its prompt alone' : 'it'} may cost ${usdDecimal(worstNanoUsd)}`
  return { isSure: true, over: overCap(deployment, cap, costs, worstNanoUsd) }
}

function overCap({ name }: Deployment, cap: number, why: string, costNanoUsd: number): OverCap {
  const message = `The deployment ${name} can't be kept within switchyard.max_cost_usd ${usdDecimal(cap)}: ${why}.`
  const error = new BrokerError('invalid_value', message, { param: 'switchyard.max_cost_usd' })
  return { error, excess: costNanoUsd - cap }
}

/** Of what is not known nothing is held against it. */
function lateProblem(
  deployment: Deployment,
  { waitMs, ttftMs }: Expectation,
  { options }: PlanInput,
): Extract<Excluded, { outcome: 'unfit' | 'busy' }> | null {
  const { maxTtftMs } = options
  const firstMs = waitMs + (ttftMs ?? 0)
  if (maxTtftMs === undefined || firstMs <= maxTtftMs) return null
  const message = `The first token of the deployment ${deployment.name} is expected after ${Math.round(firstMs)} ms, later than switchyard.max_ttft_ms ${maxTtftMs}.`
  const excess = firstMs - maxTtftMs
  if ((ttftMs ?? 0) <= maxTtftMs) {
    const error = new BrokerError('no_healthy_deployment', message, { retryAfterMs: excess })
    return { deployment, outcome: 'busy', error }
  }
  return {
    deployment,
    outcome: 'unfit',
    error: new BrokerError('invalid_value', message, { param: 'switchyard.max_ttft_ms' }),
    excess,
  }
}
