import { chooseOrder } from './choose-order.ts'
import type { Included } from './judge-candidate.ts'
import type { PlanInput } from './plan-input.ts'
import { type ScoringPolicy, scoreDeployments } from './score-deployments.ts'

export interface Ranked {
  verdict: Included
  score: number
}

/** Candidates in the order in which a policy would try them: `chosen` first, wherever its score puts it, last resorts last. */
export function rankCandidates(
  candidates: readonly Included[],
  policy: ScoringPolicy,
  input: PlanInput,
  chosen: string | null,
): Ranked[] {
  const scores = scoreDeployments(
    candidates.map(({ deployment, expected }) => ({ deployment, expected: expected! })),
    policy,
    {
      task: input.options.task ?? null,
      leftMs: input.deadlineMs === null ? null : input.deadlineMs - input.nowMs,
    },
  )
  const ranked = candidates.map((verdict, i) => ({
    verdict,
    score: scores[i]!,
    weight: verdict.deployment.weight,
  }))
  const isChosen = ({ verdict }: Ranked) => verdict.deployment.name === chosen && verdict.lastResort === null
  const isLast = ({ verdict }: Ranked) => verdict.lastResort !== null
  return [
    ...ranked.filter(isChosen),
    ...chooseOrder(
      ranked.filter((one) => !isChosen(one) && !isLast(one)),
      input.random,
    ),
    ...ranked.filter(isLast).sort((a, b) => b.score - a.score),
  ]
}
