import { BrokerError } from '@switchyard/contract/broker-error'
import type { Hop, Route, Tier, Unsupported } from '@switchyard/contract/job'
import { assessDeployment } from './assess-deployment.ts'
import type { Catalog, Deployment } from './catalog.ts'
import { laneOf } from './lane-of.ts'
import { nearestName } from './nearest-name.ts'
import type { Needs } from './needs.ts'

export interface PlanInput {
  /** The name that the client sent. */
  model: string
  needs: Needs
  options: {
    unsupported: Unsupported | null
    /** Deployment or provider names. */
    allow?: readonly string[]
    deny?: readonly string[]
    tier: Tier
  }
}

/** What became of one candidate. */
type Verdict =
  | { deployment: Deployment; outcome: 'included'; drop: string[] }
  | { deployment: Deployment; outcome: 'not_allowed' | 'unavailable' }
  | { deployment: Deployment; outcome: 'unfit'; error: BrokerError }

const LOOK_AGAIN_MS = 5_000

/**
 * The ordered hops for a request, with the reason for every candidate, or the error that helps the caller most. `available` names
 * the deployments that live workers announced. Policy `ordered`: entries of the model's route in their order, each the deployments
 * that fit; a group that spans several lanes becomes one hop for each lane. Pure: the same input plans the same route.
 */
export function planRoute(
  catalog: Catalog,
  available: ReadonlySet<string>,
  input: PlanInput,
): { route: Route } | { error: BrokerError } {
  const model = catalog.models.get(input.model)
  if (model === undefined) return { error: unknownModel(input.model) }
  if (model.policy !== 'ordered') {
    const message = `The model ${model.name} is routed by the policy ${model.policy}, which is not available yet.`
    return { error: new BrokerError('unsupported_parameter', message, { param: 'model' }) }
  }
  const mistyped = unknownName(catalog, input.options)
  if (mistyped !== null) return { error: mistyped }

  const groups = model.route.map((group) =>
    group.map((name) => judge(catalog.deployments.get(name)!, available, input)),
  )
  const hops = groups.flatMap((group) => hopsOf(group, input.options.tier))
  const verdicts = groups.flat()
  if (hops.length === 0) return { error: whyNone(verdicts, input) }
  return { route: { policy: 'ordered', hops, reasons: verdicts.map(explain) } }
}

function judge(deployment: Deployment, available: ReadonlySet<string>, input: PlanInput): Verdict {
  const { allow, deny, unsupported } = input.options
  const isNamed = (names: readonly string[]) =>
    names.includes(deployment.name) || names.includes(deployment.provider.name)
  if ((allow !== undefined && !isNamed(allow)) || (deny !== undefined && isNamed(deny))) {
    return { deployment, outcome: 'not_allowed' }
  }
  // Fitness before availability: a request that no deployment can ever serve must not be told to come back later.
  const assessment = assessDeployment(deployment, input.needs, unsupported)
  if (!assessment.fits) return { deployment, outcome: 'unfit', error: assessment.error }
  if (!available.has(deployment.name)) return { deployment, outcome: 'unavailable' }
  return { deployment, outcome: 'included', drop: assessment.drop }
}

/** The included deployments of one route entry: a hop for each lane, in the order in which the lanes first appear. */
function hopsOf(group: Verdict[], tier: Tier): Hop[] {
  const hops = new Map<string, Hop>()
  for (const verdict of group) {
    if (verdict.outcome !== 'included') continue
    const lane = laneOf(verdict.deployment, tier)
    const hop = hops.get(lane) ?? { lane, deployments: [] }
    hop.deployments.push({ id: verdict.deployment.name, drop: verdict.drop })
    hops.set(lane, hop)
  }
  return [...hops.values()]
}

/** Somebody could but isn't there: wait. Nobody may: the caller's lists. Nobody can: why the first choice can't. */
function whyNone(verdicts: Verdict[], input: PlanInput): BrokerError {
  if (verdicts.some((verdict) => verdict.outcome === 'unavailable')) {
    const message = `No deployment of ${input.model} that can serve this request is available at the moment.`
    return new BrokerError('no_healthy_deployment', message, { retryAfterMs: LOOK_AGAIN_MS })
  }
  for (const verdict of verdicts) if (verdict.outcome === 'unfit') return verdict.error
  const list = input.options.allow === undefined ? 'deny' : 'allow'
  return new BrokerError('invalid_value', `switchyard.${list} leaves no deployment of ${input.model}.`, {
    param: `switchyard.${list}`,
  })
}

function explain(verdict: Verdict): Route['reasons'][number] {
  return { deployment: verdict.deployment.name, included: verdict.outcome === 'included', reason: reasonOf(verdict) }
}

function reasonOf(verdict: Verdict): string {
  switch (verdict.outcome) {
    case 'included':
      return verdict.drop.length === 0 ? 'fits' : `fits without ${verdict.drop.join(', ')}`
    case 'not_allowed':
      return 'excluded by allow or deny'
    case 'unavailable':
      return 'no live worker serves it'
    case 'unfit':
      return verdict.error.message
  }
}

function unknownModel(name: string): BrokerError {
  return new BrokerError('model_not_found', `The model ${name} does not exist or you do not have access to it.`, {
    param: 'model',
  })
}

/** A mistyped `deny` would send a prompt where it must not go, so names that mean nothing are refused. */
function unknownName(catalog: Catalog, options: PlanInput['options']): BrokerError | null {
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
