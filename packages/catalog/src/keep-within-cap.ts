import type { Verdict } from './judge-candidate.ts'

/** Where somebody is expected to keep within the cost cap, those who are not are out; where nobody is, each may run until it is stopped there. */
export function keepWithinCap(verdicts: Verdict[]): Verdict[] {
  if (!verdicts.some((verdict) => verdict.outcome === 'included' && verdict.overCap === null)) return verdicts
  return verdicts.map((verdict) => {
    if (verdict.outcome !== 'included' || verdict.overCap === null) return verdict
    return { deployment: verdict.deployment, outcome: 'unfit', ...verdict.overCap }
  })
}
