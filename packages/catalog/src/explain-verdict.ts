import type { RouteReason } from '@switchyard/contract/job'
import type { Verdict } from './judge-candidate.ts'

/** Why a candidate is in or out, as the job keeps it. `score` null: it was not ranked. */
export function explainVerdict(verdict: Verdict, score: number | null, isRule: boolean): RouteReason {
  const { deployment, outcome } = verdict
  const reason: RouteReason = {
    deployment: deployment.name,
    included: outcome === 'included',
    reason: reasonOf(verdict, isRule),
  }
  if (score !== null) reason.score = Math.round(score * 1e4) / 1e4
  if (verdict.outcome === 'included' && verdict.expected !== null) {
    const { waitMs, ttftMs, totalMs, costNanoUsd } = verdict.expected
    reason.expected = {
      waitMs: Math.round(waitMs),
      ttftMs: ttftMs === null ? null : Math.round(ttftMs),
      totalMs: Math.round(totalMs),
      costNanoUsd,
    }
  }
  return reason
}

function reasonOf(verdict: Verdict, isRule: boolean): string {
  switch (verdict.outcome) {
    case 'included': {
      const { drop, lastResort } = verdict
      const fits = drop.length === 0 ? 'fits' : `fits without ${drop.join(', ')}`
      if (lastResort !== null) return `${fits}, but ${lastResort.why}: tried last`
      return isRule ? `${fits}, and is the model's choice for the task` : fits
    }
    case 'not_allowed':
      return 'excluded by allow or deny'
    case 'unavailable':
      return 'no live worker serves it'
    case 'unfit':
    case 'busy':
      return verdict.error.message
  }
}
