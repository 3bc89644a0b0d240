import type { BrokerError } from '@switchyard/contract/broker-error'
import type { Route, RoutePolicy } from '@switchyard/contract/job'
import type { Catalog, ModelEntry } from './catalog.ts'
import { explainVerdict } from './explain-verdict.ts'
import type { FleetView } from './fleet-view.ts'
import { hopsOf, lanesInTurn } from './hops-of.ts'
import { type Included, judgeCandidate, type Verdict } from './judge-candidate.ts'
import { keepLargeWindows } from './keep-large-windows.ts'
import { keepWithinCap } from './keep-within-cap.ts'
import type { PlanInput } from './plan-input.ts'
import { allOpen, unknownModel, unknownName, whyNone } from './plan-problems.ts'
import { rankCandidates } from './rank-candidates.ts'

type Planned = { route: Route } | { error: BrokerError }

/**
 * The hops for a request, with the reason for every candidate, or the error that helps the caller most. Hard filters first
 * (`judge-candidate.ts`); then the order: by policy `ordered` the entries of the model's route as they stand, by any other the candidates by
 * score (`score-deployments.ts`). In front of both stands the deployment that the model names for the task, behind both whoever is resting.
 * What leads is tried first, the rest are the later hops. Pure: the same input and randomness plan the same route.
 */
export function planRoute(catalog: Catalog, view: FleetView, input: PlanInput): Planned {
  const model = catalog.models.get(input.model)
  if (model === undefined) return { error: unknownModel(input.model) }
  const mistyped = unknownName(catalog, input.options)
  if (mistyped !== null) return { error: mistyped }

  const { task, strategy, tier } = input.options
  const policy = strategy ?? model.policy
  const chosen = task === undefined || !Object.hasOwn(model.tasks, task) ? null : model.tasks[task]!
  const expects = policy !== 'ordered' || input.explain === true
  const groups = groupsOf(model, chosen)
  const verdicts = filtered(judge(groups, catalog, view, input, expects), policy, input)
  const included = verdicts.filter((verdict) => verdict.outcome === 'included')
  if (included.length === 0) return { error: whyNone(verdicts, input) }
  const resting = input.patient ? null : allOpen(included, input)
  if (resting !== null) return { error: resting }

  const explain = (verdict: Verdict, score: number | null) =>
    explainVerdict(verdict, score, verdict.deployment.name === chosen)
  if (policy === 'ordered') {
    const hops = hopsOf(inOrder(groups, verdicts), tier)
    return { route: { policy, hops, reasons: verdicts.map((verdict) => explain(verdict, null)) } }
  }
  const ranked = rankCandidates(included, policy, input, chosen)
  const ranking = ranked.map(({ verdict }) => verdict)
  const excluded = verdicts.filter(({ outcome }) => outcome !== 'included')
  const reasons = [
    ...ranked.map(({ verdict, score }) => explain(verdict, score)),
    ...excluded.map((verdict) => explain(verdict, null)),
  ]
  return { route: { policy, hops: hopsOf(lanesInTurn(ranking, tier), tier), reasons } }
}

/** A verdict for every name, in their order. Loops, here and below: this runs for every request. */
function judge(
  groups: readonly (readonly string[])[],
  catalog: Catalog,
  view: FleetView,
  input: PlanInput,
  expects: boolean,
): Verdict[] {
  const verdicts: Verdict[] = []
  for (const group of groups) {
    for (const name of group) verdicts.push(judgeCandidate(catalog.deployments.get(name)!, view, input, expects))
  }
  return verdicts
}

/** What is decided about candidates by looking at all of them. */
function filtered(verdicts: Verdict[], policy: RoutePolicy, input: PlanInput): Verdict[] {
  const affordable = input.options.maxCostNanoUsd === undefined ? verdicts : keepWithinCap(verdicts)
  return policy === 'ordered' ? affordable : keepLargeWindows(affordable, input.needs)
}

/** The names to consider, in groups that are tried one after the other; the task's choice is a group of its own in front. */
function groupsOf({ route, candidates }: ModelEntry, chosen: string | null): readonly (readonly string[])[] {
  const groups = route.length > 0 ? route : candidates.map((name) => [name])
  if (chosen === null) return groups
  return [[chosen], ...groups.map((group) => group.filter((name) => name !== chosen))]
}

/** What is included of each group, `verdicts` being in the groups' order; last resorts behind all, each by itself. */
function inOrder(groups: readonly (readonly string[])[], verdicts: readonly Verdict[]): Included[][] {
  const first: Included[][] = []
  const last: Included[][] = []
  let at = 0
  for (const { length } of groups) {
    const kept: Included[] = []
    for (const end = at + length; at < end; at++) {
      const verdict = verdicts[at]!
      if (verdict.outcome !== 'included') continue
      if (verdict.lastResort === null) kept.push(verdict)
      else last.push([verdict])
    }
    first.push(kept)
  }
  return last.length === 0 ? first : [...first, ...last]
}
